import Core
import Fleet
import GitKit
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing
import TmuxKit

/// Each difference is found, said with what would be done, and repaired where that is safe.
struct DoctorTests {
    private func expect(
        _ fleet: FleetFixture, _ kinds: [Finding.Kind], fixable: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let report = try await fleet.doctor()
        #expect(
            report.remaining.map(\.kind) == kinds, "\(report.remaining.map(\.problem))",
            sourceLocation: sourceLocation)
        #expect(report.remaining.allSatisfy { $0.isFixable == fixable }, sourceLocation: sourceLocation)
        let again = try await fleet.doctor()
        #expect(
            again.remaining.map(\.kind) == kinds, "looking changes nothing", sourceLocation: sourceLocation)
        let fixed = try await fleet.doctor(fixing: true)
        #expect(fixed.failed.map(\.reason) == [], sourceLocation: sourceLocation)
        #expect(
            fixed.remaining.map(\.kind) == (fixable ? [] : kinds), "\(fixed.remaining.map(\.problem))",
            sourceLocation: sourceLocation)
        #expect(fixed.fixed.map(\.kind) == (fixable ? kinds : []), sourceLocation: sourceLocation)
    }

    @Test func aHealthyFleetIsWell() async throws {
        try await withFleet { fleet in
            try await fleet.spawn("a")
            try await fleet.spawn("main") { $0.usesMainCheckout = true }
            let result = try await fleet.run("doctor")
            #expect(result.exitCode == 0, "\(result.text)")
            #expect(result.text.hasPrefix("All is well: 2 agents, git "))
        }
    }

    @Test func whatTheFilesTakeOnTheDiskIsSaid() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            let tap = try #require(agent.tap)
            // A megabyte of zeros that is no hole, beside a hole of a gigabyte.
            let bytes = [UInt8](repeating: 0, count: 1 << 20)
            try Files.append(bytes, to: tap)
            #expect(truncate(tap.string, 1 << 30) == 0)
            let report = try await fleet.doctor()
            #expect(report.disk.map(\.kind) == DiskUse.Kind.allCases)
            let taps = try #require(report.disk.first { $0.kind == .taps })
            #expect(taps.bytes >= 1 << 20 && taps.bytes < 1 << 25, "\(taps.bytes)")
            #expect(taps.limit == 64 << 20)
            let database = try #require(report.disk.first { $0.kind == .database })
            #expect(database.bytes > 0 && database.limit == nil && database.files > 0)
            let shown = try await fleet.run("doctor").text
            #expect(shown.contains("the last 64 MB of each of 1"), "\(shown)")
            #expect(shown.contains("what ended more than 30 days ago is deleted"))
        }
    }

    @Test func aSessionThatIsGoneOrEndedIsWrittenDown() async throws {
        try await withFleet { fleet in
            let gone = try await fleet.spawn("a").agent
            let ended = try await fleet.spawn("b", startup: "exec sh").agent
            try await fleet.tmux.tmux("kill-session", "-t", "=agent-a")
            let pane = try #require(try await fleet.server.pane(of: ended.id))
            #expect(endProcess(pane.pid))
            #expect(try await eventually { try await fleet.server.pane(of: ended.id)?.isDead ?? false })
            try await expect(fleet, [.stateWrong, .stateWrong])
            let store = try await fleet.context().store
            #expect(try await store.agent(gone.id)?.condition.state == .gone)
            #expect(try await store.agent(ended.id)?.condition.state == .exited)
        }
    }

    @Test func aDeadPipeIsArmedAgain() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            let pane = try #require(try await fleet.server.pane(of: agent.id))
            guard case .alive(let pipe) = try fleet.server.tapState(pane) else {
                Issue.record("no pipe")
                return
            }
            #expect(endProcess(pipe.pid))
            #expect(
                try await eventually {
                    let pane = try #require(try await fleet.server.pane(of: agent.id))
                    if case .alive = try fleet.server.tapState(pane) { return false }
                    return true
                })
            try await expect(fleet, [.tapDead])
            try await fleet.tmux.tmux("send-keys", "-t", pane.id.description, "after", "Enter")
            #expect(try await eventually { agent.tap?.text?.contains("after") ?? false })
        }
    }

    @Test func aMissingFolderIsFilledAgainWhenNobodyWorksThere() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            try await fleet.tmux.tmux("kill-server")
            removeTree(agent.place.worktree)
            try await expect(fleet, [.worktreeMissing, .stateWrong])
            #expect(agent.place.worktree.appending("README").text == "read me\n")
        }
    }

    @Test func aMissingBranchAndAMissingEntryAreForPeople() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            try await fleet.git.git("update-ref", "-d", "refs/heads/a")
            try await expect(fleet, [.branchMissing], fixable: false)
            try await fleet.git.git("branch", "a")
            try await fleet.git.git("switch", "-q", "-c", "elsewhere", in: agent.place.worktree)
            try await expect(fleet, [.otherBranch], fixable: false)
            removeTree(fleet.root.pushing(".git/worktrees/a"))
            try await expect(fleet, [.entryMissing], fixable: false)
        }
    }

    @Test func worktreesWithoutAnAgentAreRemovedOnlyWhenNothingIsInThem() async throws {
        try await withFleet { fleet in
            try await fleet.git.shell(
                """
                git worktree add -q -b clean .tmuxagent/worktrees/clean
                git worktree add -q -b elsewhere ../elsewhere
                git worktree add -q -b gone .tmuxagent/worktrees/gone; rm -r .tmuxagent/worktrees/gone
                mkdir .tmuxagent/worktrees/empty
                """)
            let clean = try await fleet.doctor()
            #expect(Set(clean.remaining.map(\.kind)) == [.strayWorktree, .staleEntry, .unknownFolder])
            #expect(try await fleet.doctor(fixing: true).isWell)
            #expect(Files.names(in: fleet.worktrees) == [])
            #expect(Files.exists(fleet.tmux.folder.pushing("elsewhere/README")))
            #expect(
                try await fleet.git.git("branch", "--format=%(refname:short)")
                    == "clean\nelsewhere\ngone\nmain")

            try await fleet.git.shell(
                """
                git worktree add -q -b work .tmuxagent/worktrees/work; echo new >.tmuxagent/worktrees/work/new
                mkdir .tmuxagent/worktrees/notes; echo x >.tmuxagent/worktrees/notes/x
                """)
            try await expect(fleet, [.strayWorktree, .unknownFolder], fixable: false)
            #expect(try await fleet.spawn("work").outcome == .started)
            #expect(fleet.worktrees.pushing("work/new").text == "new\n")
        }
    }

    @Test func aDeletionThatWasKilledIsFinished() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            let context = try await fleet.context()
            _ = try await context.repository.renameAway(agent.place.worktree)
            try await fleet.tmux.tmux("kill-server")
            try await context.store.remove(agent.id, at: context.surroundings.now())
            let report = try await fleet.doctor()
            #expect(Set(report.remaining.map(\.kind)) == [.staleEntry, .removedFolder])
            #expect(try await fleet.doctor(fixing: true).isWell)
            #expect(Files.names(in: fleet.worktrees) == [])
        }
    }

    @Test func whatARemovedAgentLeftBehindIsEnded() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a", startup: "setsid --fork sleep 986; exec cat").agent
            #expect(
                try await eventually {
                    ProcessTable().processes.values.contains {
                        $0.name == "sleep"
                            && ProcessTable.carries("TMUX_AGENT_ID", agent.id.rawValue, pid: $0.pid)
                    }
                })
            let context = try await fleet.context()
            try await context.store.remove(agent.id, at: context.surroundings.now())
            let report = try await fleet.doctor()
            #expect(Set(report.remaining.map(\.kind)) == [.strayWorktree, .strayPane, .orphanedProcess])
            // The worktree is in use until its processes have ended: a second look finishes it.
            _ = try await fleet.doctor(fixing: true)
            #expect(try await fleet.doctor(fixing: true).isWell)
            #expect(try await fleet.server.panes().isEmpty)
            #expect(
                !ProcessTable().processes.keys.contains {
                    ProcessTable.carries("TMUX_AGENT_ID", agent.id.rawValue, pid: $0)
                })
        }
    }

    @Test func aKilledDaemonAndItsTmuxClientAreCleared() async throws {
        try await withFleet { fleet in
            try await fleet.spawn("a")
            let up = try await fleet.run("up", "--json")
            #expect(up.isSuccess, "\(up.errorText)")
            let store = try await fleet.context().store
            #expect(try await eventually { try await store.daemons().first?.controlClient != nil })
            let daemon = try #require(try await store.daemons().first)
            let client = try #require(daemon.controlClient)
            // Stopped, it cannot notice that its owner is gone.
            kill(client.pid, SIGSTOP)
            #expect(endProcess(daemon.process.pid))
            let process = ProcessIdentity(
                pid: daemon.process.pid, startTicks: UInt64(daemon.process.startTime))
            #expect(await ProcessEnder().waitForEnd(of: [process], limit: .seconds(5)))
            try await expect(fleet, [.deadDaemon])
            #expect(
                !ProcessTable.isAlive(ProcessIdentity(pid: client.pid, startTicks: UInt64(client.startTime))))
            #expect(try await store.daemons().isEmpty)
        }
    }

    @Test func brokenPoliciesAreShownWithTheirPlace() async throws {
        try await withFleet { fleet in
            try Files.write("pipelines:\n  - nam: x\n", to: fleet.root.pushing(".tmuxagent/policy.yaml"))
            let result = try await fleet.run("doctor")
            #expect(result.exitCode == 1)
            #expect(result.text.contains("nam"), "\(result.text)")
            let report = try await fleet.doctor()
            #expect(
                report.remaining.allSatisfy {
                    $0.kind == .policy && $0.object.hasPrefix(".tmuxagent/policy.yaml:2:")
                })
        }
    }
}
