/// Kinds of signals, so that a machine looks only at conditions that a signal can change.
struct SignalKinds: OptionSet {
    let rawValue: UInt8

    static let marker = SignalKinds(rawValue: 1)
    static let state = SignalKinds(rawValue: 2)
    static let line = SignalKinds(rawValue: 4)
    static let named = SignalKinds(rawValue: 8)
    static let gitHook = SignalKinds(rawValue: 16)
    /// A condition with a timer can have come true whatever the signal is.
    static let any: SignalKinds = [.marker, .state, .line, .named, .gitHook]
}

extension Signal.Body {
    var kind: SignalKinds {
        switch self {
        case .marker: .marker
        case .state: .state
        case .line: .line
        case .named: .named
        case .gitHook: .gitHook
        }
    }
}

extension Condition {
    /// The signals that can make it true; exit codes and stages are looked at when they change.
    var kinds: SignalKinds {
        switch self {
        case .any(let parts), .all(let parts): parts.reduce(into: []) { $0.formUnion($1.kinds) }
        case .test(let test, _):
            switch test {
            case .logRegex: .line
            case .messageType, .marker: .marker
            case .agentState: .state
            case .gitHook: .gitHook
            case .signal: .named
            case .after: .any
            case .afterStageSuccess, .exitCode: []
            }
        }
    }
}

/// What a condition listens to, worked out once for each policy.
struct Listener {
    private let kinds: SignalKinds
    /// What lines are searched for; nil where something else beside a match can make the condition true.
    private let patterns: [Pattern]?

    init(_ conditions: Condition?...) {
        let conditions = conditions.compactMap(\.self)
        kinds = conditions.reduce(into: []) { $0.formUnion($1.kinds) }
        patterns =
            conditions.contains(where: \.hasTimer)
            ? nil
            : conditions.flatMap(\.tests).compactMap { test, _ in
                if case .logRegex(let pattern) = test { pattern } else { nil }
            }
    }

    /// Whether signals of these kinds can change something; most lines match nothing, and then nothing more is done.
    func hears(_ group: [Signal], of signals: SignalKinds) -> Bool {
        guard !kinds.isDisjoint(with: signals) else { return false }
        guard signals == .line, let patterns else { return true }
        return group.contains { signal in
            guard case .line(let line) = signal.body else { return true }
            return patterns.contains { $0.matches(line) }
        }
    }
}

/// What a pipeline listens to.
struct PipelineListeners {
    struct Stage {
        var waiting: Listener
        var running: Listener
    }

    var starts: Listener
    var stages: [Stage]

    init(_ pipeline: Pipeline) {
        starts = Listener(pipeline.startsOn)
        stages = pipeline.stages.map {
            Stage(waiting: Listener($0.triggers), running: Listener($0.successWhen, $0.failWhen))
        }
    }
}
