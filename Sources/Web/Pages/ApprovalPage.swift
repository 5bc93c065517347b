internal import Core

/// What an approval link shows.
public enum ApprovalPage: Sendable {
    /// The question with two buttons, which post to these paths.
    case asks(BoardApproval, approvePath: String, rejectPath: String)
    /// It has an answer, or was withdrawn.
    case settled(BoardApproval)
    /// The link is damaged, expired, or names nothing.
    case invalid

    func values(_ words: PageWords) -> [String: Any] {
        var values = PageValues.common(words)
        switch self {
        case .asks(let question, let approve, let reject):
            values["approval"] = PageValues.question(question, words)
            values["open"] = true
            values["approvePath"] = approve
            values["rejectPath"] = reject
        case .settled(let question):
            values["approval"] = PageValues.question(question, words)
            values["message"] = Self.outcome(question.approval, words)
            values["outcome"] = question.approval.state.rawValue
        case .invalid:
            values["message"] = words["link_invalid"]
            values["outcome"] = "invalid"
        }
        return values
    }

    private static func outcome(_ approval: Approval, _ words: PageWords) -> String {
        let who = approval.answer?.by.visible ?? ""
        return switch approval.state {
        case .approved: words.filled("answered_approved", ["who": who])
        case .rejected: words.filled("answered_rejected", ["who": who])
        case .expired, .pending: words["answered_expired"]
        case .cancelled: words["answered_cancelled"]
        }
    }
}
