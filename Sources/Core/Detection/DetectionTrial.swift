/// One rule as it was tried on a screen: what each of its conditions found.
public struct DetectionTrial: Sendable, Equatable {
    public var rule: String
    public var state: AgentState
    public var waitingFor: WaitingFor?
    public var priority: Int
    /// Whether the rule holds.
    public var holds: Bool
    public var findings: [Finding]

    /// One condition of a rule.
    public struct Finding: Sendable, Equatable {
        public enum Group: String, Sendable { case all, any, none }
        public enum Outcome: Sendable, Equatable {
            case found(Detection.Evidence)
            case absent
            /// The expression needs more steps on this screen than it may have, which counts as absent.
            case tooCostly
        }

        public var group: Group
        public var region: ScreenView.Region
        public var expression: String
        public var outcome: Outcome

        public var isFound: Bool { if case .found = outcome { true } else { false } }
    }

    /// The conditions that keep the rule from holding; empty when it holds.
    public var obstacles: [Finding] {
        guard !holds else { return [] }
        let wrong = findings.filter { finding in
            switch finding.group {
            case .all: !finding.isFound
            case .none: finding.isFound
            case .any: false
            }
        }
        return wrong.isEmpty ? findings.filter { $0.group == .any } : wrong
    }
}

extension DetectionRules {
    /// Rules in the order in which they decide: by priority, and by their place in the file where that is equal.
    public var ordered: [Rule] {
        rules.enumerated().sorted { ($0.element.priority, $1.offset) > ($1.element.priority, $0.offset) }
            .map(\.element)
    }

    /// Tries every rule on a screen, the one that decides first; the first that holds is what `judge` goes by.
    public func trials(on view: ScreenView) -> [DetectionTrial] {
        ordered.map { rule in
            let findings = rule.conditions.findings(in: view)
            let any = findings.filter { $0.group == .any }
            let holds =
                findings.allSatisfy { $0.group != .all || $0.isFound }
                && !findings.contains { $0.group == .none && $0.isFound }
                && (any.isEmpty || any.contains(where: \.isFound))
            return DetectionTrial(
                rule: rule.name, state: rule.state, waitingFor: rule.waitingFor, priority: rule.priority,
                holds: holds, findings: findings)
        }
    }
}

extension DetectionRules.Conditions {
    fileprivate func findings(in view: ScreenView) -> [DetectionTrial.Finding] {
        all.map { $0.finding(.all, in: view) } + any.map { $0.finding(.any, in: view) }
            + none.map { $0.finding(.none, in: view) }
    }
}

extension DetectionRules.Condition {
    fileprivate func finding(
        _ group: DetectionTrial.Finding.Group, in view: ScreenView
    ) -> DetectionTrial.Finding {
        let outcome: DetectionTrial.Finding.Outcome
        if let evidence = evidence(in: view) {
            outcome = .found(evidence)
        } else {
            outcome = pattern.search(view.text(of: region)) == .limitExceeded ? .tooCostly : .absent
        }
        return .init(group: group, region: region, expression: pattern.expression, outcome: outcome)
    }
}
