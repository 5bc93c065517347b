import Core
import Fleet
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// The wall clock is set while the daemon runs.
@Suite(.timeLimit(.minutes(2)))
struct ClockTests {
    private static let policy = """
        pipelines:
          - name: asks
            match: { any_of: [ { branch: "p*" } ] }
            starts_on: { marker: { stage: ask } }
            stages:
              - name: release
                require_approval: { prompt: "Go on?", expires: 2h, on_expire: reject }
          - name: waits
            match: { any_of: [ { branch: "p*" } ] }
            starts_on: { marker: { stage: wait } }
            stages:
              - name: soak
                triggers: { after: 3h }
                actions_on_start: [ { shell: 'echo soaked >>"$HOME/soaked"' } ]
        """

    /// Reports each line that it gets as a stage.
    private static let agent =
        #"while read -r line; do printf '### SENTRY {"type":"STATUS","stage":"%s"}\n' "$line"; done"# + "\n"

    @Test func timersOfTheMainCheckoutCountFromTheFleetsBeginningWhicheverDaemonRuns() async throws {
        let policy = """
            pipelines:
              - name: daily
                match: { checkout: main }
                starts_on: { after: 24h }
                stages: [{ name: audit }]
            """
        try await withFleet(policy: policy) { fleet in
            // The first command that needs the fleet makes it known.
            try await fleet.run("sessions")
            let clock = TestClock()
            clock.jump(25 * 3600)
            try await withOwnDaemon(fleet, clock: clock) { context in
                try await reaches(context, "audit", "COMPLETED")
            }
        }
    }

    @Test func timersAndExpiryFollowTheClockAndNothingStandsStill() async throws {
        try await withFleet(policy: Self.policy, agent: { try $0.script("a.sh", Self.agent) }) { fleet in
            let clock = TestClock()
            try await withOwnDaemon(fleet, clock: clock) { context in
                try await fleet.run("spawn", "p1")
                try await fleet.run("send", "p1", "ask")
                try await fleet.run("send", "p1", "wait")
                try await reaches(context, "release", "WAITING_APPROVAL")
                try await reaches(context, "soak", "WAITING_TRIGGER")
                clock.jump(-24 * 3600)
                try await fleet.run("send", "p1", "after-the-jump-back")
                try await says(context, "after-the-jump-back")
                // A program that no rules know is idle three seconds after its last word.
                let isIdle = try await eventually(within: .seconds(15)) {
                    try await context.store.agents().first?.condition.state == .idle
                }
                #expect(isIdle)
                #expect(try await context.store.pendingApprovals().count == 1)
                clock.jump(24 * 3600 + 2 * 3600 + 60)
                try await fleet.run("send", "p1", "after-the-jump-ahead")
                try await says(context, "after-the-jump-ahead")
                try await reaches(context, "release", "FAILED")
                #expect(text(of: fleet.folder.appending("soaked")) == nil)
                clock.jump(3600)
                try await reaches(context, "soak", "COMPLETED")
                clock.jump(-48 * 3600)
                try await fleet.run("send", "p1", "at-the-end")
                try await says(context, "at-the-end")
                let answers = try await context.store.journal(after: 0, limit: 10_000).filter {
                    $0.kind == .approvalAnswered
                }
                #expect(answers.count == 1)
                #expect(text(of: fleet.folder.appending("soaked")) == "soaked\n")
                let listed = try await fleet.run("sessions", "--json").text
                #expect(listed.contains("\"p1\""))
            }
        }
    }

    private func reaches(_ context: FleetContext, _ stage: String, _ state: String) async throws {
        // The daemon runs beside us and tells nobody; its alarms ring at least every ten seconds.
        let isReached = try await eventually(within: .seconds(25)) {
            try await context.store.journal(after: 0, limit: 10_000).contains {
                $0.kind == .stageChanged && $0.draft.stage == stage && $0.payload["to"]?.string == state
            }
        }
        #expect(isReached, "\(stage) \(state)")
    }

    private func says(_ context: FleetContext, _ stage: String) async throws {
        let count = try await eventually(within: .seconds(15)) {
            try await context.store.journal(after: 0, limit: 10_000).count {
                $0.kind == .marker && $0.payload["marker"]?.object?["stage"]?.string == stage
            } == 1
        }
        #expect(count, "\(stage)")
    }
}
