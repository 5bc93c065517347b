public import Core

/// Somebody who is not at a terminal of ours wants to answer an approval.
public enum AnswerAttempt: Sendable, Equatable {
    /// What a person decided, in their own words.
    public struct Words: Sendable, Equatable {
        public var decision: ApprovalAnswer.Decision
        public var reason: String?
        /// Who they are, as far as the server can tell; nil: it cannot.
        public var by: String?

        public init(_ decision: ApprovalAnswer.Decision, reason: String? = nil, by: String? = nil) {
            self.decision = decision
            self.reason = reason
            self.by = by
        }
    }

    /// What a login leads to.
    public enum Place: String, Sendable, CaseIterable {
        /// The dashboard.
        case web
        /// The phone console.
        case portal
        case chat
        /// `POST /api/approvals/<id>` with a bearer token.
        case webhook
    }

    /// A button behind `<public_url>/a/<token>`; `demanded` is the approval that the caller means, where it says so.
    case link(token: String, demanded: ApprovalID? = nil, Words)
    /// `POST /api/approvals/<id>` with `X-Signature-256` and `X-Timestamp`; the body says the decision.
    case signedCall(ApprovalID, body: [UInt8], timestamp: String?, signature: String?)
    /// A person or program whose login the server has checked.
    case login(ApprovalID, through: Place, Words)

    /// As the record of answers calls it.
    var through: String {
        switch self {
        case .link: "link"
        case .signedCall: "webhook"
        case .login(_, let place, _): place.rawValue
        }
    }
}

/// What became of an attempt.
public enum AnswerResult: Sendable, Equatable {
    /// It is the answer that counts.
    case accepted(Approval)
    /// Somebody was earlier; the approval tells who.
    case answered(Approval)
    /// Nobody answered in time, and expiry had its consequence.
    case expired(Approval)
    /// Nothing waits for the answer any more.
    case withdrawn(Approval)
    case refused(AnswerRefusal)
}

/// Why an attempt was not let in; the words are labels of a counter and never change.
public enum AnswerRefusal: String, Error, Sendable, CaseIterable {
    case tooLarge = "too_large"
    case malformed
    /// The signature holds, and what was signed says no decision.
    case unusableBody = "unusable_body"
    case forged
    /// The token is for another approval than the one that is meant.
    case otherApproval = "other_approval"
    /// The link's time is over while its question is still open.
    case linkExpired = "link_expired"
    /// The call was signed too long ago, or in the future.
    case stale
    case notFound = "not_found"
    /// The policy wants the answer another way.
    case channel

    /// What the caller is told: those who could not prove anything learn nothing.
    public var message: String {
        switch self {
        case .tooLarge, .malformed, .forged, .otherApproval, .notFound:
            "This link or signature is not good for any question"
        case .unusableBody: "'decision' is 'approve' or 'reject'"
        case .linkExpired: "This link has expired: ask for a new one with 'tmux-agent approvals show'"
        case .stale: "The call's X-Timestamp is more than five minutes from this machine's time"
        case .channel: "This question is not answered in this way: its policy names others"
        }
    }
}
