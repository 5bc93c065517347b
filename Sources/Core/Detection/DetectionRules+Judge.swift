/// What the rules say about a screen.
public struct Detection: Sendable, Equatable {
    public var state: AgentState
    public var waitingFor: WaitingFor?
    /// The agent takes a prompt.
    public var isReady: Bool
    /// The rules that hold, the deciding one first.
    public var why: [Reason]

    public init(state: AgentState, waitingFor: WaitingFor? = nil, isReady: Bool = false, why: [Reason] = []) {
        self.state = state
        self.waitingFor = waitingFor
        self.isReady = isReady
        self.why = why
    }

    /// One rule that holds, with the evidence.
    public struct Reason: Sendable, Equatable {
        public var rule: String
        public var state: AgentState
        public var priority: Int
        public var evidence: [Evidence]

        /// One line for people, such as `claude: 'permission' (waiting, 90): bottom row 36 'Do you want …'`.
        public func described(kind: AgentKind) -> String {
            let found = evidence.map(\.description).joined(separator: ", ")
            return "\(kind): '\(rule)' (\(state.rawValue), \(priority))" + (found.isEmpty ? "" : ": \(found)")
        }
    }

    public struct Evidence: Sendable, Equatable, CustomStringConvertible {
        public var region: ScreenView.Region
        /// Zero-based; nil in the title.
        public var row: Int?
        public var text: String

        public var description: String {
            "\(region.rawValue)\(row.map { " row \($0)" } ?? "") '\(text.visible)'"
        }
    }
}

/// The typed text of an agent's composer.
public struct ComposerContent: Sendable, Equatable {
    public var row: Int
    public var text: String
    /// Nothing is typed; a placeholder may stand there.
    public var isEmpty: Bool
}

extension DetectionRules {
    /// Judges a screen.
    public func judge(_ view: ScreenView) -> Detection {
        var reasons: [Detection.Reason] = []
        var waitingFor: [WaitingFor?] = []
        for rule in ordered {
            guard let evidence = rule.conditions.evidence(in: view) else { continue }
            reasons.append(
                Detection.Reason(
                    rule: rule.name, state: rule.state, priority: rule.priority, evidence: evidence))
            waitingFor.append(rule.waitingFor)
        }
        guard let first = reasons.first else {
            let isBlank = view.rows.allSatisfy { $0.trimmed.isEmpty }
            return Detection(state: isBlank ? .starting : .unknown)
        }
        return Detection(
            state: first.state, waitingFor: waitingFor[0],
            isReady: first.state == .idle && ready.evidence(in: view) != nil, why: reasons)
    }

    /// The composer, when the screen shows one.
    public func composerContent(_ view: ScreenView) -> ComposerContent? {
        guard let composer else { return nil }
        let range = view.rows(of: composer.row.region)
        guard let row = range.last(where: { composer.row.pattern.matches(view.rows[$0]) }) else { return nil }
        let text = view.rows[row]
        return ComposerContent(row: row, text: text, isEmpty: composer.empty.matches(text))
    }
}

extension DetectionRules.Conditions {
    /// What was found, or nil when the conditions do not hold.
    func evidence(in view: ScreenView) -> [Detection.Evidence]? {
        var found: [Detection.Evidence] = []
        for condition in none where condition.evidence(in: view) != nil { return nil }
        for condition in all {
            guard let evidence = condition.evidence(in: view) else { return nil }
            found.append(evidence)
        }
        guard !any.isEmpty else { return found }
        let some = any.compactMap { $0.evidence(in: view) }
        return some.isEmpty ? nil : found + some
    }
}

extension DetectionRules.Condition {
    func evidence(in view: ScreenView) -> Detection.Evidence? {
        let text = view.text(of: region)
        guard case .match(let range) = pattern.search(text) else { return nil }
        guard region != .title else { return Detection.Evidence(region: region, row: nil, text: text) }
        let before = text.utf8.prefix(range.lowerBound)
        let line = before.count { $0 == 0x0a }
        let row = view.rows(of: region).lowerBound + line
        let shown = view.rows.indices.contains(row) ? String(view.rows[row].trimmed.prefix(80)) : ""
        return Detection.Evidence(region: region, row: row, text: shown)
    }
}
