import Core
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// What counts once, and what does not count, when agents and daemons start again.
@Suite(.timeLimit(.minutes(1)))
struct RestartTests {
    /// Says the same twice and ends.
    private static let repeating = """
        printf '### SENTRY {"type":"STATUS","id":"x","stage":"a"}\\n'
        printf '### SENTRY {"type":"STATUS","id":"x","stage":"a"}\\n'

        """

    @Test func aMarkerIDCountsOncePerStartOfTheAgent() async throws {
        try await withFleet(agent: { try $0.script("a.sh", Self.repeating) }) { fleet in
            // Two starts before anybody reads: their reports lie in one tap.
            for _ in 0..<2 { try await start(fleet) }
            let daemon = try fleet.daemon()
            try await daemon.ready()
            #expect(try await counts(2, in: fleet), "\(daemon.output)")
            try await start(fleet)
            #expect(try await counts(3, in: fleet), "\(daemon.output)")
            await daemon.kill()
            try await start(fleet)
            let next = try fleet.daemon()
            try await next.ready()
            #expect(try await counts(4, in: fleet), "\(next.output)")
            // A report through another source that was seen on the screen in this start.
            try await fleet.run("emit", "STATUS", "--id", "x", "--branch", "p1")
            try await fleet.run("emit", "STATUS", "--id", "y", "--branch", "p1")
            let isTaken = try await eventually {
                try await fleet.store().journalCursor("watch") >= fleet.journal().last { $0.kind == .emit }?
                    .id ?? 0
            }
            #expect(isTaken)
            #expect(try await counts(4, in: fleet))
            let holds = await next.stop() == 0
            #expect(holds)
        }
    }

    @Test func aDaemonThatStartsMakesNoQuietAgentWork() async throws {
        try await withFleet(agent: { try $0.script("a.sh", "echo ready\nexec cat\n") }) { fleet in
            try await fleet.run("spawn", "p1")
            let daemon = try fleet.daemon()
            try await daemon.ready()
            #expect(try await becomesIdle("p1", in: fleet), "\(daemon.output)")
            let stopped = await daemon.stop() == 0
            #expect(stopped)
            let before = try await states(in: fleet)
            let next = try fleet.daemon()
            try await next.ready()
            // Another agent becomes idle by the same silence that would have to pass for the first.
            try await fleet.run("spawn", "p2")
            #expect(try await becomesIdle("p2", in: fleet), "\(next.output)")
            let first = try #require(before.first?.subject)
            #expect(try await states(in: fleet).filter { $0.subject == first } == before)
            let holds = await next.stop() == 0
            #expect(holds)
        }
    }

    @Test func aProgramThatNeverPrintsIsIdle() async throws {
        try await withFleet(agent: { try $0.script("a.sh", "exec cat >/dev/null\n") }) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            #expect(try await becomesIdle("p1", in: fleet), "\(daemon.output)")
            let holds = await daemon.stop() == 0
            #expect(holds)
        }
    }

    private func states(in fleet: FleetFixture) async throws -> [JournalEntry] {
        try await fleet.journal().filter { $0.kind == .agentState }
    }

    private func becomesIdle(_ branch: String, in fleet: FleetFixture) async throws -> Bool {
        let store = try fleet.store()
        return try await eventually(within: .seconds(20)) {
            try await store.agent(named: branch).condition.state == .idle
        }
    }

    /// Repeats what it hears, and reports its length; the terminal echoes it too.
    private static let parrot = """
        while read -r line; do
            printf '%s\\n### SENTRY {"type":"STATUS","length":%s}\\n' "$line" "${#line}"
        done

        """

    @Test func theEchoOfWhatACommandSendsIsNoReport() async throws {
        try await withFleet(agent: { try $0.script("a.sh", Self.parrot) }) { fleet in
            try await fleet.run("spawn", "p1")
            var daemon = try fleet.daemon()
            try await daemon.ready()
            for number in 1...6 {
                let text = #"### SENTRY {"type":"STATUS","n":\#(number)}"#
                try await fleet.run("send", "p1", text)
                #expect(try await counts(number, in: fleet), "\(daemon.output)")
                guard number == 3 else { continue }
                await daemon.kill()
                daemon = try fleet.daemon()
            }
            let own = try await fleet.journal().filter { $0.kind == .marker }.compactMap {
                $0.payload["marker"]?.object?["length"]?.integer
            }
            #expect(own == Array(repeating: 34, count: 6))
            let holds = await daemon.stop() == 0
            #expect(holds)
        }
    }

    private func start(_ fleet: FleetFixture) async throws {
        try await fleet.run("spawn", "p1")
        // tmux tells nobody that a program has ended.
        let hasEnded = try await eventually {
            try await fleet.tmux("list-panes", "-a", "-F", "#{pane_dead}").text == "1\n"
        }
        #expect(hasEnded)
    }

    /// Whether so many markers count, and a moment later no more.
    private func counts(_ count: Int, in fleet: FleetFixture) async throws -> Bool {
        let store = try fleet.store()
        func found() async throws -> Int {
            try await store.journal(after: 0, kinds: [.marker], limit: 10_000)
                .count { $0.payload["duplicate"] == nil }
        }
        // The daemon writes to the database; nobody tells this process.
        guard try await eventually(within: .seconds(15), { try await found() >= count }) else { return false }
        // What should not come gives no sign; the quiet screen is read once more after 150 ms.
        let hasMore = try await eventually(within: .milliseconds(300)) { try await found() > count }
        return !hasMore
    }
}
