import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// `tasks` and `orchestrate` as people call them.
@Suite(.timeLimit(.minutes(1)))
struct TasksCommandTests {
    @Test func tasksAreAddedListedDrawnAndRefused() async throws {
        try await withFleetFixture { fleet in
            let none = try await fleet.run("orchestrate", "--once")
            #expect(none.status == 1 && none.stderr.contains("There is no task"), "\(none)")
            try await fleet.succeed("tasks", "add", "feature/index", "--priority", "3")
            try await fleet.succeed("tasks", "add", "feature/search", "--after", "feature/index")
            let wrong = try await fleet.run("tasks", "add", "x", "--after", "feature/indx")
            #expect(wrong.status == 78, "\(wrong)")
            #expect(wrong.stderr.contains("Did you mean 'feature/index'?"), "\(wrong)")
            let twice = try await fleet.run("tasks", "add", "feature/index")
            #expect(twice.status == 1 && twice.stderr.contains("has a task already"), "\(twice)")
            let list = try await fleet.run("tasks", "list", "--json").json
            #expect(list.words("tasks", "status") == ["ready", "waiting"])
            #expect(list["orchestrated"] == false)
            let graph = try await fleet.run("tasks", "graph").stdout
            #expect(
                graph == "feature/index  [ready]\n  feature/search  [waiting]  <- feature/index\n", "\(graph)"
            )
            let picture = try await fleet.run("tasks", "graph", "--svg").stdout
            #expect(picture.hasPrefix("<svg ") && picture.contains("<path "))
            let unknown = try await fleet.run("tasks", "hold", "feature/serch")
            #expect(unknown.status == 1 && unknown.stderr.contains("'feature/search'"), "\(unknown)")
            let inside = try await fleet.run(
                ["tasks", "cancel", "feature/index"], adding: ["TMUX_AGENT_ID": "a"])
            #expect(inside.status == 77, "\(inside)")
        }
    }

    @Test func whatCannotBeginOrWouldChangeNothingIsRefusedAtOnce() async throws {
        try await withFleetFixture(more: "[agents.reader]\ncommand = \"sh\"\n") { fleet in
            try await fleet.succeed("tasks", "add", "a", "--agent", "reader")
            for (arguments, words) in [
                (["add", "b", "--agent", "raeder"], "Did you mean 'reader'?"),
                (["add", "b", "--template", "implementatoin"], "implementation"),
                (["release", "a"], "The task 'a' is neither held nor paused"),
                (["retry", "a"], "The task 'a' is waiting: there is nothing to try again"),
                (["remove", "b"], "No task for the branch 'b'"),
            ] {
                let refused = try await fleet.run(["tasks"] + arguments)
                #expect(refused.status != 0 && refused.stderr.contains(words), "\(refused)")
            }
            for (list, words) in [
                ("- [ ] a: again\n", "has a task already"),
                ("- [ ] b: B\n  after: c\n", "'b' depends on 'c'"),
                ("- [ ] b: B\n  after: c\n- [ ] c: C\n  after: b\n", "b -> c -> b"),
            ] {
                try fleet.write(list, to: "plan.md")
                let refused = try await fleet.run("tasks", "import", "--dry-run", "plan.md")
                #expect(refused.status != 0 && refused.stderr.contains(words), "\(refused)")
            }
            // What waits to be done counts as done.
            try await fleet.succeed("tasks", "cancel", "a")
            try await fleet.succeed("tasks", "retry", "a")
            try await fleet.succeed("tasks", "remove", "a")
            #expect(try await fleet.run("tasks", "--json").json.words("tasks", "branch") == [])

            let none = try await fleet.run("replay")
            #expect(none.status == 1 && none.stderr.contains("'--policy'"), "\(none)")
            try await fleet.succeed("tasks", "add", "feature/a")
            try await fleet.succeed("orchestrate", "--once")
            let unknown = try await fleet.run("replay", "--run", "--branch", "feature/b")
            #expect(unknown.status == 1 && unknown.stderr.contains("Did you mean 'feature/a'?"), "\(unknown)")
            let running = try await fleet.run("tasks", "remove", "feature/a")
            #expect(running.status == 1 && running.stderr.contains("tasks cancel feature/a"), "\(running)")
        }
    }

    @Test func requirementsBecomeAListThatCanBeImported() async throws {
        try await withFleetFixture { fleet in
            let document = """
                # Shop
                Intro that belongs to the title.
                ## Search
                - [ ] Index all titles
                  Words are split at spaces.
                - [ ] Weigh the words
                ```sql
                SELECT weight
                ```
                - [x] Choose a library
                  It was not easy.
                ~~~
                - [ ] no item
                ~~~
                ## Checkout
                Customers pay. An example:
                ```
                - [ ] no task
                # no heading
                ```

                """
            try fleet.write(document, to: "requirements.md")
            let list = try await fleet.succeed("tasks", "decompose", "requirements.md")
            #expect(
                list.contains("- [ ] task/index-all-titles: Index all titles\n  tags: Search\n  > Words"),
                "\(list)")
            #expect(list.contains("- [ ] task/checkout: Checkout"), "\(list)")
            #expect(!list.contains("no task:") && !list.contains("Choose a library"), "\(list)")
            #expect(list.contains("  > ```sql\n  > SELECT weight\n  > ```\n"), "\(list)")
            #expect(!list.contains("It was not easy") && !list.contains("no item"), "\(list)")
            try fleet.write(list, to: "plan.md")
            try await fleet.succeed("tasks", "import", "plan.md")
            let rows = try await fleet.run("tasks", "list", "--json").json
            #expect(rows.words("tasks", "branch").contains("task/checkout"), "\(rows)")
            try fleet.write(
                #"[{"branch": "j", "depends_on": ["task/checkout"], "pririty": 1}]"#, to: "plan.json")
            let wrong = try await fleet.run("tasks", "import", "plan.json")
            #expect(wrong.status == 78 && wrong.stderr.contains("Did you mean 'priority'?"), "\(wrong)")
            #expect(wrong.stderr.contains("plan.json:1:51"), "\(wrong)")
            try fleet.write(
                #"{"tasks": [{"branch": "j", "depends_on": ["task/checkout"]}]}"#, to: "plan.json")
            try await fleet.succeed("tasks", "import", "plan.json")
        }
    }

    @Test func onePassSpawnsWhatIsReadyAndNothingElse() async throws {
        try await withFleetFixture { fleet in
            try fleet.write(
                """
                max_agents = 1
                [[tasks]]
                branch = "b"
                depends_on = ["a"]
                [[tasks]]
                branch = "a"
                [[tasks]]
                branch = "held"
                priority = 9

                """, to: ".tmuxagent/orchestrator.toml")
            try await fleet.succeed("tasks", "hold", "held")
            let before = try await fleet.run("tasks", "list", "--json").json
            #expect(before.words("tasks", "status") == ["waiting", "ready", "held"], "\(before)")
            let rehearsal = try await fleet.run("orchestrate", "--dry-run", "--json").json
            #expect(rehearsal.words("now", "branch") == ["a"], "\(rehearsal)")
            try await fleet.succeed("orchestrate", "--once")
            let agents = try await fleet.run("sessions", "--json").json
            #expect(agents.words("agents", "branch") == ["a"])
            try await fleet.succeed("emit", "STATUS", "--phase", "done", "--branch", "a")
            try await fleet.succeed("orchestrate", "--once")
            let list = try await fleet.run("tasks", "list", "--json").json
            #expect(list.words("tasks", "status") == ["running", "done", "held"], "\(list)")
            try await fleet.succeed("orchestrate", "--once")
            let again = try await fleet.run("sessions", "--json").json
            #expect(again.words("agents", "branch") == ["a", "b"], "no task is begun twice")
        }
    }

    @Test func whatIsAskedWhileNobodyOrchestratesIsAskedOnceAndOfThatTask() async throws {
        try await withFleetFixture { fleet in
            try fleet.write("[[tasks]]\nbranch = \"a\"\n", to: ".tmuxagent/orchestrator.toml")
            try await fleet.succeed("tasks", "hold", "a")
            let twice = try await fleet.run("tasks", "hold", "a")
            #expect(twice.status == 1 && twice.stderr.contains("'a' was asked for that already"), "\(twice)")
            try await fleet.succeed("tasks", "release", "a")
            try await fleet.succeed("tasks", "hold", "a")
            // Another task of the same name is not held because the one before it was.
            try await fleet.succeed("tasks", "add", "b", "--title", "B")
            try await fleet.succeed("tasks", "hold", "b")
            try await fleet.succeed("tasks", "remove", "b")
            try await fleet.succeed("tasks", "add", "b", "--title", "B again")
            try await fleet.succeed("orchestrate", "--once")
            let list = try await fleet.run("tasks", "list", "--json").json
            #expect(list.words("tasks", "status") == ["held", "running"], "\(list)")
        }
    }

    @Test func whatIsNoRecordIsNotReplayed() async throws {
        try await withFleetFixture { fleet in
            try fleet.makeFolder("folder")
            let folder = try await fleet.run("replay", "--log", "folder")
            #expect(
                folder.status == 1
                    && folder.stderr.contains("Could not read \(fleet.root)/folder: Is a directory"),
                "\(folder)")
            try fleet.write("no json\n{}\n", to: "notes.txt")
            let notes = try await fleet.run("replay", "--log", "notes.txt")
            #expect(notes.stdout == "Nothing was recorded.\n2 lines could not be read\n", "\(notes)")
        }
    }

    @Test func aDependencyIsABranchAndNoTag() async throws {
        try await withFleetFixture { fleet in
            try fleet.write(
                "[[tasks]]\nbranch = \"p\"\n[[tasks]]\nbranch = \"q\"\ndepends_on = [\"p\"]\n",
                to: ".tmuxagent/orchestrator.toml")
            try await fleet.git.git("tag", "p", "main")
            try await fleet.succeed("orchestrate", "--once")
            try await fleet.git.shell(
                "cd .tmuxagent/worktrees/p; echo new >new.txt; git add new.txt; git commit -qm new")
            try await fleet.succeed("emit", "STATUS", "--phase", "done", "--branch", "p")
            try await fleet.succeed("orchestrate", "--once")
            #expect(try await fleet.git.git("show", "refs/heads/q:new.txt") == "new")
        }
    }

    /// What a decider leaves behind is marked like an agent.
    @Test func aDeciderChangesNoTaskAndAnswersNoQuestion() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("tasks", "add", "a")
            for command in [["tasks", "hold", "a"], ["approve", "ap-x-1"], ["trust"]] {
                let outcome = try await fleet.run(command, adding: ["TMUX_AGENT_DECIDER": "1"])
                #expect(outcome.status == 77, "\(outcome)")
            }
            let cleared = try await fleet.shell(
                "TMUX_AGENT_DECIDER=1 sh -c 'env -u TMUX_AGENT_DECIDER \"$0\" approve ap-x-1; exit $?' \"$1\""
            )
            #expect(cleared.status == 77, "\(cleared)")
        }
    }

    @Test func conflictingDependenciesBlockATaskByName() async throws {
        try await withFleetFixture { fleet in
            for branch in ["a", "b"] {
                try await fleet.git.shell(
                    "git checkout -q -b \(branch) main; echo \(branch) >README; git commit -qam \(branch); git checkout -q main"
                )
            }
            try fleet.write(
                """
                [[tasks]]
                branch = "a"
                [[tasks]]
                branch = "b"
                [[tasks]]
                branch = "c"
                depends_on = ["a", "b"]
                [[tasks]]
                branch = "d"
                depends_on = ["c"]

                """, to: ".tmuxagent/orchestrator.toml")
            try await fleet.succeed("orchestrate", "--once")
            for branch in ["a", "b"] {
                try await fleet.succeed("emit", "STATUS", "--phase", "done", "--branch", branch)
            }
            try await fleet.succeed("orchestrate", "--once")
            let list = try await fleet.run("tasks", "list", "--json").json
            #expect(list.words("tasks", "status") == ["done", "done", "blocked", "blocked"], "\(list)")
            #expect(
                list.words("tasks", "reason").joined().contains("in README: merge them in 'b'"), "\(list)")
            #expect(list.words("tasks", "blocked_by") == ["b", "c"])
            let shown = try await fleet.run("tasks")
            #expect(shown.stdout.contains("by b") && shown.stderr.contains("tasks retry c"), "\(shown)")
            let rehearsal = try await fleet.run("orchestrate", "--dry-run", "--json").json
            #expect(rehearsal["blocked"] == ["c": "b", "d": "c"] && rehearsal["now"] == [])

            // What the hint says, in the worktree of b's agent.
            try await fleet.git.shell(
                "cd .tmuxagent/worktrees/b; git merge -q a || true; echo both >README; git commit -qam both")
            try await fleet.succeed("tasks", "retry", "c")
            try await fleet.succeed("orchestrate", "--once")
            let later = try await fleet.run("tasks", "list", "--json").json
            #expect(later.words("tasks", "status") == ["done", "done", "running", "waiting"], "\(later)")
            #expect(try await fleet.git.git("show", "c:README") == "both")
        }
    }

    @Test func aRehearsalForeseesConflictsAndSaysWhatItCannotKnow() async throws {
        try await withFleetFixture { fleet in
            for branch in ["a", "b"] {
                try await fleet.git.shell(
                    "git checkout -q -b \(branch) main; echo \(branch) >README; git commit -qam \(branch); git checkout -q main"
                )
            }
            try await fleet.git.shell("git branch clean main")
            let tasks = [
                ("a", "[]"), ("b", "[]"), ("clean", "[]"), ("new", "[]"), ("fits", #"["a", "clean"]"#),
                ("open", #"["a", "new"]"#), ("clash", #"["a", "b"]"#), ("behind", #"["clash"]"#),
            ]
            let plan = tasks.map { "[[tasks]]\nbranch = \"\($0)\"\ndepends_on = \($1)\n" }.joined()
            try fleet.write("max_agents = 9\n" + plan, to: ".tmuxagent/orchestrator.toml")
            let before = try await fleet.git.git("count-objects", "-v")
            let report = try await fleet.run("orchestrate", "--dry-run", "--json").json
            #expect(report.words("now", "branch") == ["a", "b", "clean", "new"])
            func later(_ branch: String) -> JSONValue? {
                report["later"]?.array?.first { $0["branch"]?.string == branch }
            }
            #expect(later("fits")?["why"]?.string?.hasSuffix("can be merged, as they are now") == true)
            let unknown = later("open")?["why"]?.string ?? ""
            #expect(
                unknown.hasSuffix(
                    "whether its dependencies can be merged is not known: 'new' does not exist yet"))
            #expect(later("clash")?["kind"] == "blocked")
            #expect(later("clash")?["what"] == "would be blocked: conflicts in README")
            #expect(later("behind") == nil)
            #expect(report["blocked"] == ["clash": "b", "behind": "clash"])
            #expect(try await fleet.git.git("count-objects", "-v") == before, "nothing is made")
            #expect(
                try await fleet.run("tasks", "--json").json.words("tasks", "status").prefix(1) == ["ready"])
        }
    }

    @Test func aPlanThatCannotBeUsedIsExplainedWithItsPlace() async throws {
        try await withFleetFixture { fleet in
            try fleet.write(
                "[[tasks]]\nbranch = \"a\"\ndepends_on = [\"b\"]\n[[tasks]]\nbranch = \"b\"\ndepends_on = [\"a\"]\n",
                to: ".tmuxagent/orchestrator.toml")
            for command in [["tasks", "list"], ["orchestrate", "--once"], ["orchestrate", "--dry-run"]] {
                let outcome = try await fleet.run(command)
                #expect(outcome.status == 78, "\(outcome)")
                #expect(outcome.stderr.contains("orchestrator.toml:3:15: error: tasks depend"), "\(outcome)")
                #expect(outcome.stderr.contains("a -> b -> a"), "\(outcome)")
            }
        }
    }
}
