import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct SessionTests {
    static let keys: Set<String> = [
        "id", "branch", "state", "waiting_for", "exit_status", "since", "stage", "stage_state", "pipeline",
        "run_state", "pending_approvals", "spawn", "template", "model", "task", "session", "pane", "worktree",
        "ahead",
        "behind", "dirty", "facts_at", "created_at",
    ]

    @Test(arguments: [false, true])
    func statesAreTheTruthOfNow(isWatched: Bool) async throws {
        try await withFleetFixture(scripts: ["agent": "say Ready.\nexpect end\nexit 3"]) { fleet in
            let empty = try await fleet.run("ls")
            #expect(empty.description.hasPrefix("[stderr]\nHint: No agents yet"))
            if isWatched { try await fleet.succeed("up") }
            for branch in ["quiet", "ended", "killed"] { try await fleet.succeed("spawn", branch) }
            try await fleet.expectState("idle", of: "quiet")
            // How far the text got is not known when the program ends at once.
            _ = try await fleet.run("send", "ended", "end")
            try await fleet.expectState("exited", of: "ended")
            #expect(try await fleet.session("ended")?["exit_status"] == 3)
            try await fleet.tmux("kill-session", "-t", "=agent-killed")
            try await fleet.expectState("gone", of: "killed")
            let table = try await fleet.run("ls")
            let rows = table.stdout.split(separator: "\n").map { $0.split(separator: " ").prefix(3) }
            #expect(rows.first?.first == "BRANCH")
            #expect(rows.contains { $0.starts(with: ["quiet", "idle"]) })
            #expect(rows.contains { $0.starts(with: ["ended", "exited", "(3)"]) })
            #expect(rows.contains { $0.starts(with: ["killed", "gone"]) })
            #expect(Set(try await fleet.session("quiet")?.keys ?? []) == Self.keys)
            try await fleet.tmux("kill-server")
            for branch in ["quiet", "ended", "killed"] { try await fleet.expectState("gone", of: branch) }
            #expect(try await fleet.run("sessions").status == 0)
        }
    }

    @Test func workIsCountedAndSeenAsDirty() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let worktree = fleet.root.appending(".tmuxagent/worktrees/feature-x")
            try fleet.write("more\n", to: "\(worktree)/README")
            #expect(try await fleet.session("feature/x")?["dirty"] == true)
            let stat = try await fleet.run("diff", "feature/x", "--stat", "--uncommitted")
            #expect(stat.stdout == "1 file, +1 -1\n")
            try await fleet.git.git("commit", "--quiet", "-am", "More", in: worktree)
            let row = try await fleet.session("feature/x")
            #expect(row?["ahead"] == 1)
            #expect(row?["behind"] == 0)
            #expect(row?["dirty"] == false)
            let diff = try await fleet.run("diff", "feature/x")
            #expect(diff.stdout.contains("-read me\n+more\n"))
            let uncommitted = try await fleet.run("diff", "feature/x", "--uncommitted")
            #expect(uncommitted.description == "[stderr]\nNothing is changed.\n[status 0]")
            try fleet.write("new\n", to: "\(worktree)/new.txt")
            let shown = try await fleet.run("diff", "feature/x", "--stat")
            #expect(shown.stdout == "1 file, +1 -1\n")
            #expect(shown.stderr == "Hint: Not in the diff: 1 untracked: new.txt\n")
            #expect(
                try await fleet.run("diff", "feature/x", "--json").json == [
                    "branch": "feature/x", "files": 1, "insertions": 1, "deletions": 1,
                ])
            #expect(try await fleet.run("diff", "feature/z").status == 1)
        }
    }

    @Test func attachShowsTheSessionInThisTerminal() async throws {
        try await withFleetFixture(scripts: ["agent": "say Come in."]) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let program = try await fleet.shell("echo \"$1\"").stdout.trimmingSuffixNewline
            let outer = fleet.folder.appending("outer").string
            let attach = "exec \(program) -C \(fleet.root) attach feature/x"
            let started = try await fleet.shell(
                "tmux -u -S \(outer) -f /dev/null new-session -d -x 100 -y 30 'unset TMUX; \(attach)'")
            #expect(started.status == 0, "\(started)")
            let isAttached = try await eventually {
                try await fleet.tmux("list-clients", "-F", "#{session_name}") == "agent-feature-x"
            }
            #expect(isAttached)
            let isShown = try await eventually {
                try await fleet.shell("tmux -u -S \(outer) capture-pane -p").stdout.contains("Come in.")
            }
            #expect(isShown)
            try await fleet.tmux("kill-session", "-t", "=agent-feature-x")
            let gone = try await fleet.run("attach", "feature/x")
            #expect(gone.status == 69)
            #expect(gone.stderr.contains("has no living pane (gone)"))
        }
    }
}
