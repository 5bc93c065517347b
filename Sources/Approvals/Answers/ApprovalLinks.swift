public import Core

/// Makes the links with which a person answers from a browser, a phone or a chat program.
public struct ApprovalLinks: Sendable {
    private let base: String
    private let keys: ApprovalKeys

    /// How long a link is good for a question that never expires.
    static let longest = Duration.seconds(86_400)

    /// `base`: what a browser can reach, without a slash at its end.
    public init(base: String, keys: ApprovalKeys) {
        self.base = base
        self.keys = keys
    }

    public struct Pair: Sendable, Equatable {
        public var approve: String
        public var reject: String
    }

    /// Both links of an open question; nil for one that is settled or not answered by links.
    ///
    /// They are as good as the question: until it expires, or for a day where it does not.
    public func pair(for approval: Approval, channels: [String], at now: Timestamp) -> Pair? {
        guard approval.state == .pending, channels.isEmpty || channels.contains("link") else { return nil }
        let end = approval.expiresAt ?? now.advanced(by: Self.longest)
        guard end > now else { return nil }
        let token = ApprovalToken(approval: approval.id, expiresAt: end).text(signedWith: keys)
        return Pair(approve: "\(base)/a/\(token)/approve", reject: "\(base)/a/\(token)/reject")
    }
}
