import Core
import ProcessKit
import Store
import TestSupport
import Testing

/// Nothing is lost and nothing happens twice, however often the daemon is killed.
@Suite(.timeLimit(.minutes(LongTests.choose(5, long: 60))))
struct KillTests {
    private static let kills = LongTests.choose(40, long: LongTests.kills)

    @Test func whatPanesPrintHappensOnce() async throws {
        let storm = MarkerStorm(
            branches: (1...20).map { "p\($0)" }, ticks: LongTests.choose(2, long: 20), pause: "0.25")
        try await withFleet(policy: MarkerStorm.policy, agent: storm.agent) { fleet in
            try await storm.begin(fleet)
            var random = SeededGenerator(seed: 2026)
            let store = try fleet.store()
            var worked = 0
            for number in 0..<Self.kills {
                let before = try await store.newestJournalID()
                let daemon = try fleet.daemon()
                // Some die before they watch; the others while they read, decide and act.
                let isEarly = number % 4 == 0
                if !isEarly { try await daemon.ready() }
                // The instant is the point of the test: nothing could signal it.
                let range = isEarly ? 20...260 : 0...400
                let moment = Duration.milliseconds(Int.random(in: range, using: &random))
                _ = try await eventually(within: moment) { false }
                await daemon.kill()
                if try await !store.journal(after: before, kinds: [.marker], limit: 1).isEmpty { worked += 1 }
            }
            // A slow machine kills many before their first marker.
            #expect(worked >= Self.kills / 8, "only \(worked) of the killed daemons had counted markers")
            let daemon = try fleet.daemon()
            try await daemon.ready()
            let isDone = try await storm.finish(
                fleet, within: LongTests.choose(.seconds(60), long: .seconds(600)))
            #expect(isDone, "\(daemon.output)")
            try await storm.check(fleet)
            let took = try await ContinuousClock().measure { try await fleet.tmux("kill-server") }
            #expect(took < .seconds(2))
            let holds = await daemon.stop() == 0
            #expect(holds)
        }
    }
}
