import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Git notes about who made a commit, and who let it through.
@Suite(.timeLimit(.minutes(2)))
struct ProvenanceTests {
    private static let policy = """
        pipelines:
          - name: checks
            match: { branch: "feature/*" }
            starts_on: { git_hook: post-commit }
            stages:
              - { name: lint, actions_on_start: [ { shell: "true" } ] }
              - name: release
                require_approval: true

        """

    @Test func aCommitTellsItsAgentItsStagesAndWhoApproved() async throws {
        try await withFleetFixture(policy: Self.policy) { fleet in
            let mine = try await fleet.shell(
                "git config core.notesRef refs/notes/mine && git notes add -m own HEAD")
            #expect(mine.status == 0, "\(mine)")
            let before = try await fleet.git.git("rev-parse", "refs/notes/mine")
            try await fleet.succeed("hooks", "install")
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x", "--task", "Check the login")
            let worktree = fleet.root.appending(".tmuxagent/worktrees/feature-x")
            let first = try await fleet.shell(
                "echo one >one; git add one; git commit --quiet -m One", in: worktree)
            #expect(first.status == 0, "\(first)")
            let id = try #require(try await fleet.question(of: "feature/x")["id"]?.string)
            try await fleet.succeed("approve", id, "--reason", "fine")
            try await fleet.expectRun("completed", of: "feature/x")
            var note: JSONValue?
            // The note follows the run's end in the daemon's own time.
            let isNoted = try await eventually(within: .seconds(20)) {
                note = try await fleet.run("blame-agent", "feature/x", "--json").json["commits"]?.array?
                    .first?["note"]
                return note?["runs"]?.array?.isEmpty == false
            }
            try #require(isNoted, "\(note?.prettyPrinted() ?? "no note")")
            #expect(note?["branch"] == "feature/x")
            #expect(note?["task"] == "Check the login")
            #expect(note?["program"] == "shell")
            let run = note?["runs"]?.array?.first
            #expect(run?["state"] == "completed")
            #expect(run?["passed"]?.array == ["lint", "release"])
            let answer = run?["approvals"]?.array?.first
            #expect(answer?["decision"] == "approve")
            #expect(answer?["through"] == "cli")
            #expect(answer?["reason"] == "fine")
            #expect(answer?["by"]?.string?.isEmpty == false)

            let text = try await fleet.run("blame-agent", "HEAD", in: worktree)
            #expect(text.stdout.contains("checks completed: passed lint, release"))
            #expect(text.stdout.contains("release: approve by "))
            let log = try await fleet.shell("git log -1 --notes=tmux-agent feature/x")
            #expect(log.stdout.contains("\"branch\": \"feature/x\""))
            // What the agent did not make has no note, and nobody else's notes moved.
            let range = try await fleet.run("blame-agent", "feature/x~2..feature/x", "--json").json[
                "commits"]?.array
            #expect(range?.map { $0["note"] == .null } == [false, true])
            #expect(try await fleet.git.git("rev-parse", "refs/notes/mine") == before)
            #expect(
                try await fleet.git.git("config", "--get-regexp", "notes") == "core.notesref refs/notes/mine")
            let lines = try await fleet.run("blame-agent", "one", "-L", "1,1", "--json", in: worktree)
                .json["commits"]?.array
            #expect(lines?.map { $0["lines"]?.integer } == [1])
            #expect(lines?.first?["note"]?["branch"] == "feature/x")
            let unknown = try await fleet.run("blame-agent", "nothing")
            #expect(unknown.status == 1)
        }
    }

    @Test func nobodyWhoWantsNoNotesGetsAny() async throws {
        try await withFleetFixture(policy: Self.policy, more: "[git]\nnotes = false\n") { fleet in
            try await fleet.succeed("hooks", "install")
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let worktree = fleet.root.appending(".tmuxagent/worktrees/feature-x")
            _ = try await fleet.shell("git commit --quiet --allow-empty -m One", in: worktree)
            let id = try #require(try await fleet.question(of: "feature/x")["id"]?.string)
            try await fleet.succeed("approve", id)
            try await fleet.expectRun("completed", of: "feature/x")
            try await fleet.succeed("down")
            #expect(try await fleet.git.git("for-each-ref", "refs/notes").isEmpty)
        }
    }

    @Test func aCommitThatWasMergedBeforeItsRunEndedKeepsItsAgent() async throws {
        try await withFleetFixture(policy: Self.policy) { fleet in
            try await fleet.succeed("hooks", "install")
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let worktree = fleet.root.appending(".tmuxagent/worktrees/feature-x")
            let made = try await fleet.shell(
                "echo one >one; git add one; git commit --quiet -m One", in: worktree)
            #expect(made.status == 0, "\(made)")
            let id = try #require(try await fleet.question(of: "feature/x")["id"]?.string)
            try await fleet.git.git("merge", "--quiet", "--ff-only", "feature/x")
            try await fleet.succeed("approve", id)
            var note: JSONValue?
            // The note follows the run's end in the daemon's own time.
            let isNoted = try await eventually(within: .seconds(20)) {
                note = try await fleet.run("blame-agent", "main", "--json").json["commits"]?.array?.first?[
                    "note"]
                return note?["runs"]?.array?.isEmpty == false
            }
            try #require(isNoted, "\(note?.prettyPrinted() ?? "no note")")
            #expect(note?["runs"]?.array?.first?["approvals"]?.array?.first?["decision"] == "approve")
            let range = try await fleet.run("blame-agent", "main~2..main", "--json").json["commits"]?.array
            #expect(
                range?.map { $0["note"] == .null } == [false, true], "what the agent did not make has none")
        }
    }
}
