internal import Core

extension PageWords {
    /// Tests as the policy file writes them, joined in the page's language.
    func condition(_ condition: Condition) -> String {
        condition.words(or: self["condition_or"], and: self["condition_and"], nothing: self["condition_nothing"])
    }

    /// What a stage waits for, or why it is as it is.
    func clauses(_ clauses: [PolicyExplanation.Clause]) -> String {
        clauses.map(clause).joined(separator: self["clause_joint"])
    }

    private func clause(_ clause: PolicyExplanation.Clause) -> String {
        switch clause {
        // Written down once, in the words of the journal.
        case .reason(let reason): reason
        case .unknownStage: self["clause_unknown"]
        case .neverReached: self["clause_never_reached"]
        case .queued: self["clause_queued"]
        case .aboutToBegin: self["clause_begins"]
        case .behind(let stage): filled("clause_behind", ["stage": stage])
        case .trigger(nil, let seen): self["clause_turn"] + suffix(seen)
        case .trigger(let condition?, let seen):
            filled("clause_trigger", ["condition": self.condition(condition)]) + suffix(seen)
        case .retry(let time): filled("clause_retry", ["time": time.iso8601])
        case .answer(let id, nil): filled("clause_answer", ["approval": id.rawValue])
        case .answer(let id, let failure?):
            filled("clause_answer_failed", ["approval": id.rawValue, "why": failure])
        case .expiry(let approves, let time):
            filled(approves ? "clause_approves" : "clause_rejects", ["time": time.iso8601])
        case .action(let number, let count):
            filled("clause_action", ["number": "\(number)", "count": "\(count)"])
        case .certain(let why): filled("clause_certain", ["why": why])
        case .success(let condition, let seen):
            filled("clause_success", ["condition": self.condition(condition)]) + suffix(seen)
        case .actionsAlone: self["clause_actions"]
        case .neverCompletes: self["clause_never_completes"]
        case .failure(let condition): filled("clause_failure", ["condition": self.condition(condition)])
        case .timeout(let time): filled("clause_timeout", ["time": time.iso8601])
        }
    }

    private func suffix(_ seen: [String]) -> String {
        seen.isEmpty ? "" : filled("clause_seen", ["what": seen.joined(separator: ", ")])
    }
}
