internal import Core

// What a policy sets off beyond its own stages.
extension PolicyChecker {
    /// Warns of a code that fleet.toml does not route: its message goes where all messages of its severity go.
    func checkEscalations(of stage: Stage) {
        guard let known = context.escalations else { return }
        for case .escalate(let code) in stage.failure.steps where !known.contains(code) {
            let near = didYouMean(code, among: known)
            problems.warning(
                "fleet.toml has no [escalation.\(ConfigurationProblem.visible(code))], so \(shown(code)) goes the usual way of critical messages",
                at: place(stage.position),
                suggestion: near.map { "Did you mean '\($0)'?" }
                    ?? "Add [escalation.\(code)] with 'channels', 'severity' or 'shell' to fleet.toml")
        }
    }

    /// Warns of pipelines whose own signals begin them again.
    func checkCircles(_ policy: Policy) {
        let follows = policy.pipelines.map { first in
            policy.pipelines.indices.filter { policy.pipelines[$0].isBegun(by: first.emittedSignals) }
        }
        for start in policy.pipelines.indices {
            guard let way = shortestWay(from: start, follows) else { continue }
            // Said once for a circle, at its first pipeline.
            guard way.min() == start else { continue }
            let names = (way + [start]).map { shown(policy.pipelines[$0].name) }
            let what =
                way.count == 1
                ? "pipeline \(names[0]) emits the signal that begins it"
                : "pipelines begin each other without end: \(names.joined(separator: " -> "))"
            problems.warning(
                what, at: place(policy.pipelines[start].position),
                suggestion:
                    "Emit another signal, or begin one of them by something that a person or an agent does"
            )
        }
    }

    /// The pipelines on the shortest way from `start` back to it.
    private func shortestWay(from start: Int, _ follows: [[Int]]) -> [Int]? {
        var ways = [[start]]
        var seen: Set<Int> = []
        while !ways.isEmpty {
            var longer: [[Int]] = []
            for way in ways {
                for next in follows[way[way.count - 1]] {
                    if next == start { return way }
                    if seen.insert(next).inserted { longer.append(way + [next]) }
                }
            }
            ways = longer
        }
        return nil
    }
}

extension Pipeline {
    fileprivate var emittedSignals: [Signal.Body] {
        stages.flatMap(\.actionsOnStart).compactMap { action in
            guard case .emit(let name, let payload) = action else { return nil }
            return .emitted(name, payload.object, source: "policy")
        }
    }

    /// Whether one of the signals alone can satisfy a part of `starts_on`.
    fileprivate func isBegun(by signals: [Signal.Body]) -> Bool {
        guard let startsOn else { return false }
        return signals.contains { startsOn.canFollow(from: $0) }
    }
}

extension Condition {
    fileprivate func canFollow(from signal: Signal.Body) -> Bool {
        switch self {
        case .any(let parts): return parts.contains { $0.canFollow(from: signal) }
        case .all(let parts): return parts.allSatisfy { $0.canFollow(from: signal) }
        case .test(let test, _):
            switch (test, signal) {
            case (.signal(let name), .named(let other, _)): return name == other
            case (.messageType(let type), .marker(let marker, _)): return marker.type == type
            case (.marker(let fields), .marker(let marker, _)):
                return fields.allSatisfy { marker[$0.key] == $0.value }
            default: return false
            }
        }
    }
}
