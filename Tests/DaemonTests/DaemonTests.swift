import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DaemonTests {
    /// Reports each line that it gets as a stage.
    private static let agent =
        #"while read -r line; do printf '### SENTRY {"type":"STATUS","stage":"%s"}\n' "$line"; done"# + "\n"

    private static func policy(_ name: String, _ stage: String, more: String = "") -> String {
        """
        pipelines:
          - name: \(name)
            match: { any_of: [ { branch: "*", checkout: agent } ] }
            stages:
              - name: \(stage)
        \(more)
        """
    }

    @Test func aSecondDaemonIsRefused() async throws {
        try await withFleet { fleet in
            let first = try fleet.daemon()
            try await first.ready()
            let second = try fleet.daemon()
            let holds = await second.status() == 1
            #expect(holds)
            #expect(second.output.contains("A daemon watches this fleet already (pid \(first.pid))"))
            let holds2 = await first.stop() == 0
            #expect(holds2)
            let holds3 = try await fleet.store().daemons().isEmpty
            #expect(holds3)
            let third = try fleet.daemon()
            try await third.ready()
            let holds4 = await third.stop() == 0
            #expect(holds4)
        }
    }

    @Test func anEditedPolicyIsTakenUpAndABrokenOneIsNot() async throws {
        try await withFleet { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            try fleet.write(policy: Self.policy("first", "one"))
            let holds5 = try await fleet.reached("one", "COMPLETED")
            #expect(holds5, "\(daemon.output)")
            try fleet.write(policy: "pipelines:\n  - nam: x\n")
            // Only the log says that nothing changed.
            let holds6 = try await eventually { daemon.output.contains("the last good one stays in force") }
            #expect(holds6)
            try fleet.write(policy: Self.policy("second", "two"))
            let holds7 = try await fleet.reached("two", "COMPLETED")
            #expect(holds7, "\(daemon.output)")
            try fleet.write(policy: Self.policy("third", "three", more: "        triggers: { signal: go }\n"))
            let waits = try await fleet.reached("three", "WAITING_TRIGGER")
            #expect(waits, "\(daemon.output)")
            // A branch that is checked out, and some editors, take the file away for a moment.
            let aside = fleet.folder.appending("aside")
            try #require(rename(fleet.policy.string, aside.string) == 0)
            let isMissed = try await eventually(within: .seconds(20)) {
                daemon.output.contains("does not exist: put it back")
            }
            #expect(isMissed, "\(daemon.output)")
            try #require(rename(aside.string, fleet.policy.string) == 0)
            try await fleet.run("emit", "go", "--branch", "p1")
            let goesOn = try await fleet.reached("three", "COMPLETED")
            #expect(goesOn, "\(daemon.output)")
            let holds8 = await daemon.stop() == 0
            #expect(holds8)
        }
    }

    @Test func anApprovalIsAnsweredByItsFile() async throws {
        let policy = Self.policy("release", "ship", more: "        require_approval: true\n")
        try await withFleet(policy: policy) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            let holds9 = try await fleet.reached("ship", "WAITING_APPROVAL")
            #expect(holds9, "\(daemon.output)")
            let folder = fleet.folder.appending("approvals")
            func file() -> FilePath? {
                Files.names(in: folder).map(folder.appending).filter { Files.isFolder($0) }
                    .flatMap { folder in Files.names(in: folder).map { folder.appending($0) } }
                    .first { $0.string.hasSuffix(".txt") }
                    ?? Files.names(in: folder).map(folder.appending)
                    .first { $0.string.hasSuffix(".txt") }
            }
            // The file is made by another process.
            let holds10 = try await eventually { file() != nil }
            #expect(holds10, "\(daemon.output)")
            try Files.append("approve\n", to: try #require(file()))
            let holds11 = try await fleet.reached("ship", "COMPLETED")
            #expect(holds11, "\(daemon.output)")
            let holds12 = await daemon.stop() == 0
            #expect(holds12)
        }
    }

    @Test func aRetryWithBackOffSurvivesARestart() async throws {
        let policy = Self.policy(
            "flaky", "try",
            more: """
                        actions_on_start:
                          - shell: 'echo "$TMUX_AGENT_ATTEMPT" >>"$HOME/tries"; [ "$TMUX_AGENT_ATTEMPT" -gt 1 ]'
                        on_fail: [ { retry: { max: 2, backoff: 1500ms } } ]
                """)
        try await withFleet(policy: policy) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            let tries = fleet.folder.appending("tries")
            // Written by the action's own process; where all is slow, the second try may have come before this look.
            let holds13 = try await eventually(within: .seconds(20)) {
                text(of: tries)?.hasPrefix("1\n") == true
            }
            #expect(holds13, "\(daemon.output)")
            await daemon.kill()
            let next = try fleet.daemon()
            try await next.ready()
            let holds14 = try await fleet.reached("try", "COMPLETED")
            #expect(holds14, "\(next.output)")
            #expect(text(of: tries) == "1\n2\n")
            let holds15 = await next.stop() == 0
            #expect(holds15)
        }
    }

    @Test func noPipelineBeginsWhileItsAgentIsBeingMade() async throws {
        let policy = """
            pipelines:
              - name: each
                match: { branch: "p*" }
                stages: [{ name: wait, success_when: { signal: never } }]
            """
        let setup = "[worktree]\nsetup = ['while [ ! -e \"$HOME/go\" ]; do sleep 0.05; done']\n"
        try await withFleet(policy: policy, more: setup) { fleet in
            try await fleet.run("hooks", "install")
            let daemon = try fleet.daemon()
            try await daemon.ready()
            async let spawned = fleet.run("spawn", "p1", "--yes")
            // Git's hook in the new worktree tells the daemon of a checkout; the setup goes on.
            let isToldOf = try await eventually(within: .seconds(20)) {
                try await fleet.journal().contains { $0.kind == .gitHook && $0.subject != .mainCheckout }
            }
            #expect(isToldOf, "\(daemon.output)")
            #expect(try await fleet.journal().allSatisfy { $0.kind != .runChanged })
            try Files.append("", to: fleet.folder.appending("go"))
            _ = try await spawned
            let begins = try await eventually(within: .seconds(20)) {
                try await fleet.journal().contains { $0.kind == .runChanged }
            }
            #expect(begins, "\(daemon.output)")
            let holds = await daemon.stop() == 0
            #expect(holds)
        }
    }

    @Test func aServerThatEndsLeavesTheDaemonAlive() async throws {
        try await withFleet { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            try await fleet.run("spawn", "p2")
            try await fleet.tmux("kill-server")
            let store = try fleet.store()
            // The daemon writes to the database; nobody tells this process.
            let holds16 = try await eventually {
                try await store.agents().allSatisfy { $0.condition.state == .gone }
            }
            #expect(
                holds16,
                "\(daemon.output)")
            try await fleet.run("spawn", "p1")
            let holds17 = try await eventually {
                try await store.agents().contains { ![.gone, .starting].contains($0.condition.state) }
            }
            #expect(holds17, "\(daemon.output)")
            let holds18 = await daemon.stop() == 0
            #expect(holds18)
        }
    }

    @Test func aLogFolderThatWasRemovedComesBack() async throws {
        try await withFleet(agent: { try $0.script("a.sh", Self.agent) }) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            try await fleet.run("send", "p1", "before")
            let holds19 = try await markers(fleet, 1)
            #expect(holds19, "\(daemon.output)")
            removeTree(fleet.logs)
            // Without a sign to this process the pipe is armed anew.
            let holds20 = try await eventually {
                Files.names(in: fleet.logs).contains { $0.hasSuffix(".tap") }
            }
            #expect(holds20)
            let holds21 = try await eventually { try await fleet.journal().contains { $0.kind == .tapGap } }
            #expect(
                holds21,
                "\(daemon.output)")
            try await fleet.run("send", "p1", "after")
            let holds22 = try await markers(fleet, 2)
            #expect(holds22, "\(daemon.output)")
            let holds23 = await daemon.stop() == 0
            #expect(holds23)
        }
    }

    @Test func aDatabaseThatWasRemovedEndsTheDaemon() async throws {
        try await withFleet { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try Files.remove(fleet.database)
            let holds24 = await daemon.status() == 78
            #expect(holds24)
            #expect(
                daemon.output.contains("was removed or replaced while the daemon ran"), "\(daemon.output)")
        }
    }

    @Test func aCommitInTheMainCheckoutBeginsItsRun() async throws {
        let policy = """
            pipelines:
              - name: main-ci
                match: { any_of: [ { checkout: main } ] }
                starts_on: { git_hook: { name: post-commit, branch: main } }
                stages:
                  - name: build
                    actions_on_start:
                      - shell: 'echo "$TMUX_AGENT_BRANCH $TMUX_AGENT_HOOK $TMUX_AGENT_COMMIT" >"$HOME/built"'
            """
        try await withFleet(policy: policy) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            let git = GitFixture(folder: fleet.repository)
            let hooks = fleet.repository.appending(".git/tmux-agent/hooks")
            try Files.append("half a line without its", to: hooks)
            try Files.append(" end\nforeign\tline\n", to: hooks)
            try await git.git("commit", "--quiet", "--allow-empty", "-m", "x")
            let commit = try await git.git("rev-parse", "HEAD")
            try Files.append("post-commit\t\(fleet.repository)\tmain\t\(commit)", to: hooks)
            try Files.append("\t\n", to: hooks)
            let built = fleet.folder.appending("built")
            // Written by the action's own process.
            let holds25 = try await eventually { text(of: built) == "main post-commit \(commit)\n" }
            #expect(
                holds25,
                "\(text(of: built) ?? "") \(daemon.output)")
            let holds26 = await daemon.stop() == 0
            #expect(holds26)
        }
    }

    private func markers(_ fleet: FleetFixture, _ count: Int) async throws -> Bool {
        let store = try fleet.store()
        return try await eventually(within: .seconds(15)) {
            try await store.journal(after: 0, limit: 10_000).count { $0.kind == .marker } == count
        }
    }
}
