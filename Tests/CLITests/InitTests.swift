import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct InitTests {
    @Test func everyFileIsSaidAndASecondRunKeepsThem() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let first = try await fleet.run("init")
            #expect(
                first.description == """
                    made  .tmuxagent/fleet.toml
                    made  .tmuxagent/policy.yaml
                    made  .tmuxagent/.gitignore
                    made  .tmuxagent/templates/ci-hardening.md
                    made  .tmuxagent/templates/code-review.md
                    made  .tmuxagent/templates/docs.md
                    made  .tmuxagent/templates/implementation.md
                    made  .tmuxagent/templates/orchestrator.md
                    made  .tmuxagent/templates/qa-template.md
                    [stderr]
                    Hint: Next: tmux-agent spawn BRANCH --template implementation --task "…"
                    [status 0]
                    """)
            try fleet.write("# mine\n", to: ".tmuxagent/policy.yaml")
            let second = try await fleet.run("init", "--json")
            let files = try #require(try second.json["files"]?.array)
            #expect(files.count == 9)
            #expect(files.allSatisfy { $0["state"] == "kept" })
            #expect(try second.json["trusted"] == true)
            #expect(try fleet.read(".tmuxagent/policy.yaml") == "# mine\n")
            #expect(try await fleet.git.git("status", "--porcelain") == "?? .tmuxagent/")
        }
    }

    @Test func onlyNamedTemplatesAreWritten() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let outcome = try await fleet.run(
                "init", "--template-set", "docs", "--template-set", "code-review", "--hooks", "--quiet")
            #expect(outcome.stderr.isEmpty)
            #expect(fleet.exists(".tmuxagent/templates/docs.md"))
            #expect(fleet.exists(".tmuxagent/templates/code-review.md"))
            #expect(!fleet.exists(".tmuxagent/templates/qa-template.md"))
            #expect(try fleet.read(".git/hooks/post-commit")?.contains("# tmux-agent begin") == true)
            let unknown = try await fleet.run("init", "--template-set", "doc")
            #expect(unknown.status == 78)
            #expect(unknown.stderr.contains("Did you mean 'docs'?"))
        }
    }

    @Test func outsideOfARepositoryItSaysWhatToDo() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let outside = fleet.folder.appending("user")
            let outcome = try await fleet.run("init", in: outside)
            #expect(
                outcome.description == """
                    [stderr]
                    Error: <folder>/user is not inside a git repository
                    Hint: Go into a repository, or make one with 'git init'
                    [status 1]
                    """)
            #expect(Files.names(in: outside) == [".gitconfig"])
        }
    }

    @Test func aLinkedWorktreeBelongsToTheMainRepositoryAndABareOneIsItsOwn() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.git.git("worktree", "add", "--quiet", "../linked")
            let linked = try await fleet.run("init", "--json", in: fleet.folder.appending("linked"))
            #expect(try linked.json["root"]?.string == fleet.root.string)
            #expect(fleet.exists(".tmuxagent/fleet.toml"))
            #expect(!Files.exists(fleet.folder.appending("linked/.tmuxagent")))
            let bare = fleet.folder.appending("bare.git")
            try await fleet.git.git("clone", "--quiet", "--bare", ".", bare.string)
            let made = try await fleet.run("init", "--json", in: bare)
            #expect(try made.json["root"]?.string == bare.string)
            #expect(Files.exists(bare.appending(".tmuxagent/fleet.toml")))
        }
    }

    @Test func aClonedFleetRunsNothingUntilItIsTrusted() async throws {
        try await withFleetFixture { fleet in
            let evil = fleet.folder.appending("evil")
            try fleet.write(
                "#!/bin/sh\ntouch \(evil).ran\nexec tmux \"$@\"\n", to: evil.string,
                mode: FilePermissions(rawValue: 0o755))
            try fleet.agents(
                ["agent": "say Ready."],
                more: "[tmux]\nbin = \"\(evil)\"\n[state]\ndb = \"\(evil).db\"\n")
            try await fleet.git.git("add", "--force", ".tmuxagent/fleet.toml", ".tmuxagent/policy.yaml")
            try await fleet.git.git("commit", "--quiet", "-m", "Fleet")
            let clone = fleet.folder.appending("clone")
            try await fleet.git.git("clone", "--quiet", ".", clone.string)
            let refused = try await fleet.run("spawn", "feature/x", in: clone)
            #expect(
                refused.description == """
                    [stderr]
                    Error: The .tmuxagent folder of <folder>/clone came from somewhere else and is not trusted
                    Hint: Read what is in .tmuxagent, then run 'tmux-agent trust'
                    [status 77]
                    """)
            for command in [["up"], ["up", "--foreground"], ["hooks", "install"], ["send", "x", "y"]] {
                #expect(try await fleet.run(command, in: clone).status == 77, "\(command)")
            }
            #expect(try await fleet.run("sessions", in: clone).status == 0)
            #expect(try await fleet.run("status", "--json", in: clone).json["trusted"] == false)
            let again = try await fleet.run("init", in: clone)
            #expect(again.stderr.contains("read it, then run 'tmux-agent trust'"))
            #expect(try await fleet.run("trust", in: clone, adding: ["TMUX_AGENT_ID": "a"]).status == 77)
            #expect(try await fleet.run("spawn", "feature/x", in: clone).status == 77)
            #expect(!Files.exists(FilePath("\(evil).ran")))
            #expect(!Files.exists(FilePath("\(evil).db")))
            #expect(try await fleet.run("trust", in: clone).stdout == "\(clone) is trusted now.\n")
            #expect(try await fleet.run("trust", "--json", in: clone).json["trust"] == "kept")
            try await fleet.succeed("spawn", "feature/x", in: clone)
            #expect(Files.exists(FilePath("\(evil).ran")))
            #expect(Files.exists(FilePath("\(evil).db")))
            #expect(try await fleet.run("trust", "--remove", in: clone).status == 0)
            #expect(try await fleet.run("spawn", "feature/y", in: clone).status == 77)
        }
    }

    @Test func whatCameWithACloneIsTrustedByNobodyButAPerson() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            // No fleet.toml: `init` makes one beside the policy that came along.
            try fleet.makeFolder(".tmuxagent")
            try fleet.write("pipelines: []\n", to: ".tmuxagent/policy.yaml")
            try await fleet.git.git("add", "--force", ".tmuxagent")
            try await fleet.git.git("commit", "--quiet", "-m", "A policy")
            let clone = fleet.folder.appending("clone")
            try await fleet.git.git("clone", "--quiet", ".", clone.string)
            let outcome = try await fleet.run("init", in: clone)
            #expect(outcome.stdout.contains("made  .tmuxagent/fleet.toml\nkept  .tmuxagent/policy.yaml\n"))
            #expect(outcome.stderr.contains("read it, then run 'tmux-agent trust'"))
            #expect(try await fleet.run("status", "--json", in: clone).json["trusted"] == false)
            #expect(try await fleet.run("spawn", "x", in: clone).status == 77)
            #expect(try await fleet.run("trust", in: clone).status == 0)
            #expect(try await fleet.run("status", "--json", in: clone).json["trusted"] == true)
        }
    }

    @Test(arguments: [".tmuxagent", ".tmuxagent/templates"])
    func nothingIsWrittenThroughALinkThatLeadsOut(link: String) async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let outside = fleet.folder.appending("outside")
            try Files.makeFolder(outside)
            if link.contains("/") { try fleet.makeFolder(".tmuxagent") }
            #expect(try await fleet.shell("ln -s \(outside) \(fleet.root)/\(link)").status == 0)
            let outcome = try await fleet.run("init")
            #expect(outcome.status == 1)
            #expect(
                outcome.description.contains("<folder>/shop/\(link) leads out of <folder>/shop\n"),
                "\(outcome)")
            #expect(Files.names(in: outside) == [])
        }
    }

    @Test func aFileInTheWayIsNamed() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try fleet.write("", to: ".tmuxagent")
            #expect(
                try await fleet.run("init").description == """
                    [stderr]
                    Error: Could not make the folder <folder>/shop/.tmuxagent/templates: <folder>/shop/.tmuxagent is not a folder
                    Hint: Move <folder>/shop/.tmuxagent away, or remove it if it is not needed
                    [status 1]
                    """)
        }
    }

    @Test func templatesAreListedShownAndNearlyNamed() async throws {
        try await withFleetFixture { fleet in
            let list = try await fleet.run("templates", "--json").json["templates"]?.array
            #expect(
                list?.compactMap { $0["name"]?.string } == [
                    "ci-hardening", "code-review", "docs", "implementation", "orchestrator", "qa-template",
                ])
            #expect(try await fleet.run("templates").stdout.hasPrefix("TEMPLATE"))
            let shown = try await fleet.run("templates", "show", "docs")
            #expect(shown.stdout.contains("tmux-agent emit"))
            #expect(
                try await fleet.run("templates", "show", "docs", "--json").json["body"]?.string?
                    .contains("{{marker_help}}") == true)
            let unknown = try await fleet.run("templates", "show", "qa-templat")
            #expect(unknown.status == 78)
            #expect(unknown.stderr.contains("Did you mean 'qa-template'?"))
        }
    }
}
