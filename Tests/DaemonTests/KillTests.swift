import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Nothing is lost and nothing happens twice, however often the daemon is killed.
@Suite(.timeLimit(.minutes(2)))
struct KillTests {
    private static let agents = ["p1", "p2", "p3", "p4", "p5"]
    private static let kills = 40
    private static let ticks = 6

    private static let policy = """
        pipelines:
          - name: each
            match: { any_of: [ { branch: "p*" } ] }
            starts_on: { marker: { type: TICK } }
            when_busy: queue
            stages:
              - name: work
                actions_on_start:
                  - shell: 'printf "%s %s\\n" "$TMUX_AGENT_BRANCH" "$TMUX_AGENT_MARKER" >>"$HOME/done"'
                  - send_keys: "typed by a stage"
        """

    /// Prints markers in the background and writes down what is typed.
    private static let agent = """
        log="$HOME/typed-$AI_AGENT_BRANCH"
        n=0
        (
            while [ ! -e "$HOME/go" ]; do sleep 0.05; done
            while [ ! -e "$HOME/stop" ] || [ $n -lt \(ticks * 8) ]; do
                n=$((n + 1))
                if [ $((n % 8)) -eq 0 ] && [ $n -le \(ticks * 8) ]; then
                    printf '### SENTRY {"type":"TICK","n":%s}\\n' $n
                else
                    printf '### SENTRY {"type":"STATUS","n":%s}\\n' $n
                fi
                sleep 0.07
            done
            echo $n >"$HOME/printed-$AI_AGENT_BRANCH"
        ) &
        while read -r line; do printf '%s\\n' "$line" >>"$log"; done

        """

    @Test func whatPanesPrintHappensOnce() async throws {
        try await withFleet(
            policy: Self.policy, agent: { fleet in try fleet.script("agent.sh", Self.agent) }
        ) { fleet in
            for branch in Self.agents { try await fleet.run("spawn", branch) }
            try Files.append("", to: fleet.folder.appending("go"))
            var random = SeededGenerator(state: 2026)
            for _ in 0..<Self.kills {
                let daemon = try fleet.daemon()
                // The instant is the point of the test: nothing could signal it.
                let moment = Duration.milliseconds(Int.random(in: 20...260, using: &random))
                _ = try await eventually(within: moment) { false }
                await daemon.kill()
            }
            try Files.append("", to: fleet.folder.appending("stop"))
            let daemon = try fleet.daemon()
            try await daemon.ready()
            let store = try fleet.store()
            // Another process writes to the database; nobody tells this one.
            let isDone = try await eventually(within: .seconds(40)) {
                let printed = Self.agents.compactMap { text(of: fleet.folder.appending("printed-\($0)")) }
                guard printed.count == Self.agents.count else { return false }
                let wanted = printed.compactMap { Int($0.trimmingSuffixNewline) }.reduce(0, +)
                let done = (text(of: fleet.folder.appending("done")) ?? "").split(separator: "\n").count
                guard done >= Self.agents.count * Self.ticks else { return false }
                let entries = try await store.journal(after: 0, limit: 100_000)
                let ended = entries.count {
                    $0.kind == .runChanged && $0.payload["to"]?.string == "completed"
                }
                return entries.count { $0.kind == .marker } >= wanted
                    && ended >= Self.agents.count * Self.ticks
            }
            #expect(isDone, "\(daemon.output)")
            try await check(fleet, try await store.journal(after: 0, limit: 100_000))
            let clock = ContinuousClock()
            let took = try await clock.measure { try await fleet.tmux("kill-server") }
            #expect(took < .seconds(2))
            let holds = await daemon.stop() == 0
            #expect(holds)
        }
    }

    private func check(_ fleet: FleetFixture, _ journal: [JournalEntry]) async throws {
        let agents = try await fleet.store().agents()
        try #require(agents.count == Self.agents.count)
        let done = (text(of: fleet.folder.appending("done")) ?? "").split(separator: "\n").sorted()
        #expect(done.count == Self.agents.count * Self.ticks)
        #expect(Set(done).count == done.count)
        for agent in agents {
            let own = journal.filter { $0.subject == agent.subject }
            let numbers = own.filter { $0.kind == .marker }.compactMap {
                $0.payload["marker"]?.object?["n"]?.integer
            }
            let printed = Int64(
                (text(of: fleet.folder.appending("printed-\(agent.place.branch)")) ?? "")
                    .trimmingSuffixNewline)
            let missing = Set(1...(printed ?? 1)).subtracting(numbers).sorted()
            let gaps = own.filter { $0.kind == .tapGap }.map { JSONValue.object($0.payload).serialized() }
            let tap = agent.tap.flatMap { text(of: $0) } ?? ""
            let lost = missing.filter { !tap.contains("\"n\":\($0)}") }
            #expect(
                numbers == Array(1...(printed ?? 0)),
                "\(agent.place.branch): missing \(missing), not in the tap \(lost), gaps \(gaps)")
            let typed = text(of: fleet.folder.appending("typed-\(agent.place.branch)")) ?? ""
            #expect(typed == String(repeating: "typed by a stage\n", count: Self.ticks))
            let transitions = own.filter { $0.kind == .stageChanged }.map {
                "\($0.draft.run?.rawValue ?? "") \($0.payload["to"]?.string ?? "")"
            }
            #expect(Set(transitions).count == transitions.count)
            #expect(transitions.count { $0.hasSuffix("COMPLETED") } == Self.ticks)
            let actions = own.filter { $0.kind == .actionEnded }.compactMap { $0.payload["item"]?.string }
            #expect(Set(actions).count == actions.count)
            #expect(actions.count == 2 * Self.ticks)
        }
    }
}

/// A small generator with a fixed seed, so that a failure can be seen again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) ^ (state << 31)
    }
}
