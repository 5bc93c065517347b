/// What a message to people is about.
public enum NoticeKind: String, Sendable, CaseIterable {
    /// What a policy says by `notify`.
    case message
    /// A question that waits for an answer, or ran out.
    case approval
    /// `escalate: CODE`.
    case escalation
    /// A line of the local bus that a relay passes on.
    case relayed

    /// By the action that asked for it: rows of a run are `<run>/<stage>/<attempt>/<phase>/<index>`.
    public init(_ id: OutboxID) {
        let parts = id.rawValue.split(separator: "/", omittingEmptySubsequences: false)
        if ApprovalNoticeID(id) != nil {
            self = .approval
        } else if parts.count >= 5, parts[parts.count - 2] == "escalate" {
            self = .escalation
        } else {
            self = .message
        }
    }

    /// Whether somebody has to do something.
    public func requiresAttention(_ severity: Notice.Severity) -> Bool {
        self == .approval || self == .escalation || severity == .critical
    }
}
