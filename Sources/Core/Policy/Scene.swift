/// All that a condition can be judged by at one moment.
struct Scene {
    enum Role: String {
        case trigger = "t:"
        case success = "s:"
        case failure = "f:"
    }

    var signals: [Signal]
    /// The stage whose condition it is; nil for `starts_on`.
    var stage: String?
    var stages: [StageRun]
    /// From when timers count.
    var since: Timestamp
    var time: Timestamp
    /// The agent's state now, where a state that holds already counts.
    var state: AgentState?
    /// Of the shell actions that ended; nil while a verdict on all of them is not possible.
    var exitCodes: [Int32]?
    var role: Role
    /// What the stage remembers.
    var seen: [String] = []

    struct Verdict {
        var why: String
        var signal: Signal?
    }

    /// Why the condition holds; nil if it does not.
    func verdict(on condition: Condition) -> Verdict? {
        switch condition {
        case .test(let test, _):
            if let verdict = verdict(on: test) { return verdict }
            guard !seen.isEmpty, seen.contains(role.rawValue + test.key) else { return nil }
            return Verdict(why: test.words)
        case .any(let parts):
            for part in parts { if let verdict = verdict(on: part) { return verdict } }
            return nil
        case .all(let parts):
            guard !parts.isEmpty else { return nil }
            var whys: [String] = []
            var signal: Signal?
            for part in parts {
                guard let verdict = verdict(on: part) else { return nil }
                whys.append(verdict.why)
                signal = verdict.signal ?? signal
            }
            return Verdict(why: whys.joined(separator: " and "), signal: signal)
        }
    }

    /// What must be remembered because it came true now under an `all_of` that does not hold yet.
    func news(in condition: Condition, underAll: Bool = false) -> [String] {
        switch condition {
        case .test(let test, _):
            guard underAll, test.isMomentary, !(role == .trigger && test.isState) else { return [] }
            let key = role.rawValue + test.key
            return !seen.contains(key) && verdict(on: test) != nil ? [key] : []
        case .any(let parts): return parts.flatMap { news(in: $0, underAll: underAll) }
        case .all(let parts): return parts.flatMap { news(in: $0, underAll: true) }
        }
    }

    /// Whether the condition can still come true.
    func isPossible(_ condition: Condition) -> Bool {
        switch condition {
        case .any(let parts): return parts.contains(where: isPossible)
        case .all(let parts): return !parts.isEmpty && parts.allSatisfy(isPossible)
        case .test(let test, _):
            switch test {
            case .exitCode: return exitCodes == nil || verdict(on: test) != nil
            case .afterStageSuccess(let name):
                guard let run = stages.first(where: { $0.name == name }) else { return false }
                return run.state == .completed || !run.memory.isPassed
            case .logRegex, .messageType, .marker, .agentState, .gitHook, .signal, .after: return true
            }
        }
    }
}

extension Scene {
    private func verdict(on test: Condition.Test) -> Verdict? {
        switch test {
        case .afterStageSuccess(let name):
            guard stages.contains(where: { $0.name == name && $0.state == .completed }) else { return nil }
            return Verdict(why: "stage \(PolicyText.quoted(name)) is completed")
        case .exitCode(let code):
            guard let exitCodes, !exitCodes.isEmpty else { return nil }
            let holds =
                role == .failure ? exitCodes.contains(code) : exitCodes.allSatisfy { $0 == code }
            return holds ? Verdict(why: "exit code \(code)") : nil
        case .after(let duration):
            guard time >= since.advanced(by: duration) else { return nil }
            return Verdict(why: "\(DurationText.text(duration)) passed")
        case .agentState(let wanted):
            if state == wanted { return Verdict(why: "the agent is \(wanted.rawValue)") }
        case .logRegex, .messageType, .marker, .gitHook, .signal: break
        }
        for signal in signals {
            if let why = why(signal, satisfies: test) { return Verdict(why: why, signal: signal) }
        }
        return nil
    }

    private func why(_ signal: Signal, satisfies test: Condition.Test) -> String? {
        switch (test, signal.body) {
        case (.logRegex(let pattern), .line(let line)):
            guard pattern.matches(line) else { return nil }
            return "the line \(PolicyText.quoted(line)) matches \(PolicyText.quoted(pattern.expression))"
        case (.messageType(let type), .marker(let marker, _)):
            guard marker.type == type, means(marker, type: type) else { return nil }
            return marker.policyWords
        case (.marker(let fields), .marker(let marker, _)):
            guard fields.allSatisfy({ marker[$0.key].map($0.value.equalsInPolicy) == true }) else {
                return nil
            }
            return marker.policyWords
        case (.agentState(let wanted), .state(let state, _, _)):
            return state == wanted ? "the agent is \(state.rawValue)" : nil
        case (.gitHook(let filter), .gitHook(let event)):
            return filter.fits(event) ? event.policyWords : nil
        case (.signal(let name), .named(let actual, _)):
            return name == actual ? "signal \(PolicyText.quoted(name))" : nil
        default: return nil
        }
    }

    /// Whether a marker of the type says what is asked.
    ///
    /// It says something about this stage only if it does not name another one, and a STATUS only if its
    /// `ok` agrees. As a trigger every marker of the type counts.
    private func means(_ marker: Marker, type: String) -> Bool {
        guard role != .trigger else { return true }
        if let named = marker.stage, let stage, named != stage { return false }
        guard type == "STATUS" else { return true }
        return role == .success ? marker.ok != false : marker.ok == false
    }
}

extension Condition.Test {
    /// As a trigger it counts by what the agent is now: what it was once says nothing of the moment of the others.
    fileprivate var isState: Bool { if case .agentState = self { true } else { false } }

    /// Whether it is true only at the moment of a signal.
    var isMomentary: Bool {
        switch self {
        case .logRegex, .messageType, .marker, .agentState, .gitHook, .signal: true
        case .afterStageSuccess, .exitCode, .after: false
        }
    }
}

extension Condition {
    var hasAll: Bool {
        switch self {
        case .test: false
        case .any(let parts): parts.contains(where: \.hasAll)
        case .all: true
        }
    }

    var hasTimer: Bool {
        switch self {
        case .test(.after, _): true
        case .test: false
        case .any(let parts), .all(let parts): parts.contains(where: \.hasTimer)
        }
    }

    /// Every `after` of the tree.
    var timers: [Duration] {
        switch self {
        case .test(.after(let duration), _): [duration]
        case .test: []
        case .any(let parts), .all(let parts): parts.flatMap(\.timers)
        }
    }
}

extension JSONValue {
    /// `1` and `1.0` are one number for policies.
    func equalsInPolicy(_ other: JSONValue) -> Bool {
        switch (self, other) {
        case (.integer(let whole), .number(let fraction)), (.number(let fraction), .integer(let whole)):
            Double(whole) == fraction
        default: self == other
        }
    }
}
