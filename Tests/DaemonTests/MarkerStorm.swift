import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Agents that print numbered markers until they are told to stop.
///
/// Some markers begin a run that runs a shell line and types. What was printed, done and typed is written down by agents
/// and actions themselves.
struct MarkerStorm {
    let branches: [String]
    /// How many of an agent's markers begin a run: every eighth.
    var ticks: Int
    var pause = "0.07"

    static let policy = """
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
    func agent(_ fleet: FleetFixture) throws -> String {
        try fleet.script(
            "storm.sh",
            """
            log="$HOME/typed-$AI_AGENT_BRANCH"
            n=0
            (
                while [ ! -e "$HOME/go" ]; do sleep 0.05; done
                while [ ! -e "$HOME/stop" ] || [ $n -lt \(ticks * 8) ]; do
                    n=$((n + 1))
                    if [ $((n % 8)) -eq 0 ] && [ $n -le \(ticks * 8) ]; then
                        printf '### SENTRY {"type":"TICK","n":%s,"pid":%s}\\n' $n $$
                    else
                        printf '### SENTRY {"type":"STATUS","n":%s,"pid":%s}\\n' $n $$
                    fi
                    sleep \(pause)
                done
                echo $n >"$HOME/printing-$AI_AGENT_BRANCH"
                mv "$HOME/printing-$AI_AGENT_BRANCH" "$HOME/printed-$AI_AGENT_BRANCH"
            ) &
            while read -r line; do printf '%s\\n' "$line" >>"$log"; done

            """)
    }

    /// Spawns the agents, four at a time, and lets them print.
    func begin(_ fleet: FleetFixture) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, branch) in branches.enumerated() {
                if index >= 4 { try await group.next() }
                group.addTask { try await fleet.run("spawn", branch) }
            }
            try await group.waitForAll()
        }
        try Files.append("", to: fleet.folder.appending("go"))
    }

    func done(_ fleet: FleetFixture) -> [Substring] {
        (text(of: fleet.folder.appending("done")) ?? "").split(separator: "\n")
    }

    /// Lets the agents stop and waits until everything is counted and done; false when that does not come.
    func finish(_ fleet: FleetFixture, within limit: Duration = .seconds(40)) async throws -> Bool {
        try Files.append("", to: fleet.folder.appending("stop"))
        let store = try fleet.store()
        // Other processes write files and the database; nobody tells this one.
        return try await eventually(within: limit) {
            let printed = branches.compactMap { text(of: fleet.folder.appending("printed-\($0)")) }
            guard printed.count == branches.count else { return false }
            let wanted = try printed.map { try #require(Int($0.trimmingSuffixNewline)) }.reduce(0, +)
            guard done(fleet).count >= branches.count * ticks else { return false }
            let counters = try await store.counters()
            let counted = counters.filter { $0.name == "tmux_agent_markers_total" }.map(\.value).reduce(0, +)
            guard Int(counted) >= wanted else { return false }
            let entries = try await store.journal(after: 0, limit: 1_000_000)
            return entries.count { $0.kind == .runChanged && $0.payload["to"]?.string == "completed" }
                >= branches.count * ticks
        }
    }

    /// Every marker, transition, action and typed line once.
    func check(_ fleet: FleetFixture) async throws {
        let journal = try await fleet.store().journal(after: 0, limit: 1_000_000)
        let agents = try await fleet.store().agents()
        try #require(agents.count == branches.count)
        let done = done(fleet)
        #expect(done.count == branches.count * ticks)
        #expect(Set(done).count == done.count)
        for agent in agents { check(agent, journal.filter { $0.subject == agent.subject }, fleet) }
    }

    private func check(_ agent: Agent, _ journal: [JournalEntry], _ fleet: FleetFixture) {
        let numbers = journal.filter { $0.kind == .marker }.compactMap {
            $0.payload["marker"]?.object?["n"]?.integer
        }
        let printed = Int64(
            (text(of: fleet.folder.appending("printed-\(agent.place.branch)")) ?? "").trimmingSuffixNewline)
        let missing = Set(1...(printed ?? 1)).subtracting(numbers).sorted()
        let gaps = journal.filter { $0.kind == .tapGap }.map { JSONValue.object($0.payload).serialized() }
        let tap = agent.tap.flatMap { text(of: $0) } ?? ""
        let lost = missing.filter { !tap.contains("\"n\":\($0),") }
        #expect(
            numbers == Array(1...(printed ?? 0)),
            "\(agent.place.branch): missing \(missing), not in the tap \(lost), gaps \(gaps)")
        let typed = text(of: fleet.folder.appending("typed-\(agent.place.branch)")) ?? ""
        #expect(typed == String(repeating: "typed by a stage\n", count: ticks))
        let transitions = journal.filter { $0.kind == .stageChanged }.map {
            "\($0.draft.run?.rawValue ?? "") \($0.payload["to"]?.string ?? "")"
        }
        #expect(Set(transitions).count == transitions.count)
        #expect(transitions.count { $0.hasSuffix("COMPLETED") } == ticks)
        let actions = journal.filter { $0.kind == .actionEnded }.compactMap { $0.payload["item"]?.string }
        #expect(Set(actions).count == actions.count)
        #expect(actions.count == 2 * ticks)
    }
}
