import Core
import GRDB
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// What people do while no daemon runs waits for the next one.
@Suite(.timeLimit(.minutes(2)))
struct WhileDownTests {
    private static let policy = """
        pipelines:
          - name: asks
            stages:
              - { name: ship, require_approval: true }
              - { name: tell, require_approval: true }
          - name: flaky
            stages:
              - name: try
                actions_on_start: [{ shell: '[ -e "$HOME/mended" ]' }]
          - name: listens
            starts_on: { signal: go }
            stages:
              - name: note
                actions_on_start: [{ shell: 'echo "$TMUX_AGENT_BRANCH" >>"$HOME/noted"' }]
          - name: waits
            stages:
              - { name: wait, success_when: { signal: never } }
        """

    @Test func theNextDaemonDoesWhatPeopleAskedFor() async throws {
        try await withFleet(policy: Self.policy) { fleet in
            let first = try fleet.daemon()
            try await first.ready()
            try await fleet.run("spawn", "p1")
            for (stage, state) in [("ship", "WAITING_APPROVAL"), ("try", "FAILED"), ("wait", "RUNNING")] {
                let isReached = try await fleet.reached(stage, state)
                #expect(isReached, "\(stage): \(first.output)")
            }
            #expect(await first.stop() == 0)
            try await fleet.run("approve", "ship")
            try Files.append("", to: fleet.folder.appending("mended"))
            try await fleet.run("policy", "retry", "p1", "--pipeline", "flaky")
            try await fleet.run("emit", "go", "--branch", "p1")
            try await fleet.run("policy", "reset", "p1", "--pipeline", "waits")

            let second = try fleet.daemon()
            try await second.ready()
            for stage in ["ship", "try", "note"] {
                let isReached = try await fleet.reached(stage, "COMPLETED")
                #expect(isReached, "\(stage): \(second.output)")
            }
            #expect(text(of: fleet.folder.appending("noted")) == "p1\n")
            let agent = try #require(try await fleet.store().agents().first)
            let waiting = try await fleet.store().runs(of: agent.subject).filter { $0.pipeline == "waits" }
            #expect(waiting.map(\.state) == [.cancelled, .running])
            let asksAgain = try await fleet.reached("tell", "WAITING_APPROVAL")
            #expect(asksAgain, "\(second.output)")
            #expect(await second.stop() == 0)

            // A version that took up answers before it knew the agents passed them over.
            try await fleet.run("approve", "tell")
            let database = try DatabaseQueue(path: fleet.database.string)
            try await database.write { db in
                try db.execute(sql: "UPDATE journalCursor SET position = (SELECT max(id) FROM journal)")
            }
            try database.close()
            let third = try fleet.daemon()
            try await third.ready()
            let isHealed = try await fleet.reached("tell", "COMPLETED")
            #expect(isHealed, "\(third.output)")
            #expect(await third.stop() == 0)
        }
    }

    /// Each begins anew while the command of the one before it would run for ten minutes.
    @Test func aCommandEndsWithItsAttemptAndItsRun() async throws {
        let policy = """
            pipelines:
              - name: hangs
                match: { branch: "p*" }
                stages:
                  - name: hang
                    timeout: 500ms
                    actions_on_start: [{ shell: "exec sleep 600" }]
                    on_fail: [{ retry: { max: 1, backoff: 10ms } }]
                    continue_on_fail: true
                  - name: after
                    actions_on_start: [{ shell: 'echo $$ >"$HOME/pid.new"; mv "$HOME/pid.new" "$HOME/pid"; exec sleep 600' }]
            """
        try await withFleet(policy: policy) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            let pid = fleet.folder.appending("pid")
            // Written by the action's own process.
            let isAfter = try await eventually(within: .seconds(40)) { Files.exists(pid) }
            #expect(isAfter, "\(daemon.output)")
            let number = try #require(text(of: pid).flatMap { Int32($0.dropLast()) })
            let child = try #require(ProcessTable.process(number)).identity
            try fleet.write(policy: "pipelines: []\n")
            // The kernel tells nobody but its parent of the child's end.
            let isEnded = try await eventually(within: .seconds(20)) { !ProcessTable.isAlive(child) }
            #expect(isEnded, "\(daemon.output)")
            let isSaid = try await eventually(within: .seconds(20)) {
                try await fleet.journal().contains {
                    $0.kind == .actionEnded && $0.draft.stage == "after"
                        && $0.payload["detail"]?.string?.hasPrefix("it was ended with its stage") == true
                }
            }
            #expect(isSaid, "\(daemon.output)")
            #expect(await daemon.stop() == 0)
        }
    }
}
