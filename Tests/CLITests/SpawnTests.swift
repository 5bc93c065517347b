import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SpawnTests {
    @Test func anAgentGetsBranchWorktreeSessionAndBriefing() async throws {
        try await withFleetFixture { fleet in
            let first = try await fleet.run("spawn", "feature/new", "--task", "Check the door")
            #expect(
                first.description == """
                    Started feature/new in session agent-feature-new, briefing accepted.
                    worktree  <folder>/shop/.tmuxagent/worktrees/feature-new
                    [stderr]
                    Hint: No daemon watches this fleet: run 'tmux-agent up' to follow markers and run the policy
                    [status 0]
                    """)
            #expect(try await fleet.run("logs", "feature/new").stdout.contains("Noted: Check the door"))
            #expect(try await fleet.git.git("branch", "--list", "feature/new") == "+ feature/new")
            #expect(try await fleet.tmux("list-sessions", "-F", "#{session_name}") == "agent-feature-new")
            let other = try await fleet.run("spawn", "feature/new", "--task", "Something else")
            #expect(other.stderr.contains("It was not told the new task: tmux-agent send feature/new"))
            let again = try await fleet.run("spawn", "feature/new", "--json").json
            #expect(again["outcome"] == "already_running")
            #expect(again["made_branch"] == false)
            #expect(again["worktree"]?.string == "\(fleet.root)/.tmuxagent/worktrees/feature-new")
            #expect(
                Set(again.object?.keys ?? []) == [
                    "branch", "briefing", "copied", "id", "linked", "made_branch", "model", "outcome", "pane",
                    "session", "template", "watched", "worktree",
                ])
        }
    }

    @Test func tasksComeFromAFileOrStandardInput() async throws {
        try await withFleetFixture { fleet in
            try fleet.write("from a file\n", to: "\(fleet.folder)/task.md")
            try await fleet.succeed("spawn", "a", "--task-file", "../task.md")
            #expect(try await fleet.run("logs", "a").stdout.contains("Noted: from a file"))
            try await fleet.succeed("spawn", "b", "--task", "-", input: "from a pipe\n")
            #expect(try await fleet.run("logs", "b").stdout.contains("Noted: from a pipe"))
            try await fleet.succeed("spawn", "c", "--template", "docs", "--task", "with a template")
            #expect(try await fleet.session("c")?["template"] == "docs")
            #expect(try await fleet.session("c")?["task"] == "with a template")
            #expect(try await fleet.run("logs", "c").stdout.contains("tmux-agent emit"))
            #expect(try await fleet.run("spawn", "d", "--task-file", "nowhere").status == 1)
            #expect(try await fleet.run("spawn", "d", "--task", "x", "--task-file", "y").status == 64)
            #expect(try await fleet.git.git("branch", "--list", "d") == "")
        }
    }

    @Test func existingAndRemoteBranchesAreTakenAsTheyAre() async throws {
        try await withFleetFixture { fleet in
            try await fleet.git.git("branch", "old", "HEAD~1")
            let old = try await fleet.run("spawn", "old", "--json").json
            #expect(old["made_branch"] == false)
            #expect(try await fleet.git.git("rev-parse", "old") == fleet.git.git("rev-parse", "HEAD~1"))
            let remote = fleet.folder.appending("remote.git")
            try await fleet.git.git("clone", "--quiet", "--bare", ".", remote.string)
            try await fleet.git.git("branch", "far", "HEAD~1", in: remote)
            try await fleet.git.git("remote", "add", "origin", remote.string)
            try await fleet.git.git("fetch", "--quiet", "origin")
            let named = try await fleet.run("spawn", "origin/far")
            #expect(named.status == 1)
            #expect(
                named.stderr.contains("'origin/far' is the branch 'far' of the remote 'origin'"), "\(named)")
            #expect(named.stderr.contains("Name it 'far'"))
            #expect(try await fleet.git.git("branch", "--list", "origin/*") == "")
            try await fleet.succeed("spawn", "far")
            #expect(try await fleet.git.git("rev-parse", "far") == fleet.git.git("rev-parse", "HEAD~1"))
            let there = try await fleet.run("spawn", "main-2", "--base", "HEAD~1")
            #expect(there.stderr.contains("Warning") == false, "\(there)")
            try await fleet.git.git("branch", "there")
            let unused = try await fleet.run("spawn", "there", "--base", "HEAD~1")
            #expect(
                unused.stderr.contains("Warning: --base was not used: 'there' exists already"), "\(unused)")
            try await fleet.git.git("branch", "both", in: remote)
            try await fleet.git.git("remote", "add", "up", remote.string)
            try await fleet.git.git("fetch", "--quiet", "--all")
            #expect(try await fleet.run("spawn", "both").stderr.contains("is on several remotes"))
            let tracking = try await fleet.run("spawn", "both", "--base", "up/both")
            #expect(tracking.status == 0 && !tracking.stderr.contains("Warning"), "\(tracking)")
            #expect(try await fleet.git.git("config", "branch.both.remote") == "up")
            try await fleet.succeed("spawn", "based", "--base", "HEAD~1")
            #expect(try await fleet.git.git("rev-parse", "based") == fleet.git.git("rev-parse", "HEAD~1"))
            #expect(try await fleet.session("based")?["ahead"] == 0)
        }
    }

    @Test func startupModelProfileAndMainCheckout() async throws {
        let scripts = ["agent": "say Ready.", "second": "say Second here."]
        try await withFleetFixture(scripts: scripts) { fleet in
            try await fleet.succeed("spawn", "main", "--no-worktree")
            #expect(try await fleet.session("main")?["worktree"]?.string == fleet.root.string)
            let startup = "sh -c 'echo \"branch $AI_AGENT_BRANCH model $AI_AGENT_MODEL\"; exec cat'"
            try await fleet.succeed("spawn", "x", "--startup", startup, "--model", "tiny")
            let said = try await eventually {
                try await fleet.run("logs", "x").stdout.contains("branch x model tiny")
            }
            #expect(said)
            #expect(try await fleet.session("x")?["model"] == "tiny")
            try await fleet.succeed("spawn", "y", "--agent", "second", "--task", "go")
            #expect(try await fleet.run("logs", "y").stdout.contains("Second here."))
        }
    }

    /// Somebody ends `spawn` alone, while its setup command goes on.
    @Test(arguments: [("INT", 130), ("TERM", 143)])
    func aSpawnThatIsEndedSaysWhatItLeft(signal: String, status: Int) async throws {
        let more = "[worktree]\nsetup = [\"touch \\\"$TMUX_AGENT_FLEET\\\"/../reached; exec sleep 983\"]\n"
        try await withFleetFixture(more: more) { fleet in
            let before = try await fleet.git.trace()
            let ended = try await fleet.shell(
                """
                "$1" spawn x --yes >../out 2>../err & pid=$!
                while ! test -e ../reached && kill -0 $pid; do sleep 0.02; done
                "$1" sessions --json >../during
                kill -\(signal) $pid; wait $pid
                """)
            #expect(ended.status == status, "\(ended)")
            #expect(
                try fleet.read("../err")
                    == "Interrupted: 'tmux-agent spawn x' goes on with it, 'tmux-agent doctor --fix' takes it back\n"
            )
            #expect(try fleet.read("../out") == "")
            let during = try JSONValue.parse(fleet.read("../during") ?? "")["agents"]?.array?.first
            #expect(during?["state"] == "starting")
            #expect(during?["spawn"] == "under_way")
            let after = try await fleet.session("x")
            #expect(after?["state"] == "gone")
            #expect(after?["spawn"] == "interrupted")
            for command in ["sessions", "status"] {
                let shown = try await fleet.run(command)
                #expect(
                    shown.stderr.contains(
                        "The spawn of 'x' was interrupted: 'tmux-agent spawn x' finishes it"))
            }
            try await fleet.succeed("doctor", "--fix")
            #expect(try await fleet.run("sessions", "--json").json == ["agents": []])
            #expect(try await fleet.git.trace() == before)
        }
    }

    @Test(arguments: [
        (["spawn", "x", "--agent", "secnod"], 78, "Did you mean 'second'?"),
        (["spawn", "x", "--template", "implementaton"], 78, "Did you mean 'implementation'?"),
        (["spawn", "x", "--base", "nowhere"], 1, "No commit is called 'nowhere'"),
        (["spawn", "a b"], 64, "it contains a space"), (["spawn", "--", "-x"], 64, "it starts with '-'"),
        (["spawn", "main"], 1, "Use --no-worktree"),
        (["spawn", "refs/heads/topic/x"], 64, "as in 'topic/x'"),
        (["spawn", "x", "--task", ""], 64, "--task is empty"),
        (["spawn", "x", "--startup", ""], 64, "--startup is empty"),
        (["spawn", "x", "--startup", "no-such-program-here"], 1, "'no-such-program-here' was not found"),
    ])
    func whatCannotBeStartedLeavesNoTrace(arguments: [String], status: Int, words: String) async throws {
        try await withFleetFixture(scripts: ["agent": "say Ready.", "second": "say Ready."]) { fleet in
            let before = try await fleet.git.trace()
            let outcome = try await fleet.run(arguments)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.stderr.contains(words), "\(outcome)")
            #expect(outcome.stdout.isEmpty)
            #expect(try await fleet.git.trace() == before)
            #expect(try await fleet.run("sessions", "--json").json == ["agents": []])
        }
    }

    @Test func removalNeedsProofAndForceKeepsTheWork() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("spawn", "feature/x")
            try await fleet.expectState("idle", of: "feature/x")
            try fleet.write("work\n", to: ".tmuxagent/worktrees/feature-x/new.txt")
            let refused = try await fleet.run("rm", "feature/x")
            #expect(refused.status == 1)
            #expect(refused.stderr.contains("1 untracked: new.txt"))
            #expect(fleet.exists(".tmuxagent/worktrees/feature-x/new.txt"))
            let removed = try await fleet.run("rm", "feature/x", "--force", "--json").json
            let rescue = try #require(removed["rescue_ref"]?.string)
            #expect(rescue.hasPrefix("refs/tmux-agent/rescue/feature-x/"))
            #expect(try await fleet.git.git("show", "\(rescue):new.txt") == "work")
            #expect(!fleet.exists(".tmuxagent/worktrees/feature-x"))
            try await fleet.succeed("spawn", "feature/y")
            try await fleet.expectState("idle", of: "feature/y")
            try await fleet.git.git(
                "commit", "--quiet", "--allow-empty", "-m", "Work",
                in: fleet.root.pushing(".tmuxagent/worktrees/feature-y"))
            let committed = try await fleet.run("rm", "feature/y")
            #expect(committed.status == 1)
            #expect(
                committed.stderr.contains("Hint: 'tmux-agent rm feature/y --keep-branch' keeps them"),
                "\(committed)")
            let kept = try await fleet.run("rm", "feature/y", "--keep-branch")
            #expect(kept.stdout.hasPrefix("Removed agent 'feature/y', kept its branch."))
            #expect(try await fleet.git.git("branch", "--list", "feature/y") != "")
            #expect(try await fleet.run("rm", "feature/y").status == 1)
        }
    }
}
