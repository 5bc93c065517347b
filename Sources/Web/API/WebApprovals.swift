internal import Approvals
internal import Core
internal import Fleet
internal import Store

/// Questions as pages and links show them, and answers that come from there.
struct WebApprovals: Sendable {
    let context: SiteContext
    private let keys: ApprovalKeys
    private let answers: ApprovalAnswers

    init(context: SiteContext, keys: ApprovalKeys) {
        self.context = context
        self.keys = keys
        answers = ApprovalAnswers(store: context.store, keys: keys)
    }

    func answer(_ attempt: AnswerAttempt) async throws -> AnswerResult {
        try await answers.answer(attempt, at: context.surroundings.now())
    }

    /// Counts an answer that came no further than the door; what else is turned away there is none.
    func countRefusal(_ error: WebError, at path: String) async throws {
        let through = path.hasPrefix("/a/") ? "link" : path.hasPrefix("/api/approvals/") ? "webhook" : nil
        guard let through else { return }
        switch error {
        case .tooLarge: try await answers.count(.tooLarge, through: through)
        case .loginNeeded, .wrongToken, .tooManyTries: try await answers.count(.forged, through: through)
        default: break
        }
    }

    /// What a bot passes on that people write to it.
    func answerChat(body: [UInt8], timestamp: String?, signature: String?) async throws -> ChatCommands.Reply
    {
        try await ChatCommands(store: context.store, keys: keys, now: context.surroundings.now)
            .answer(body: body, timestamp: timestamp, signature: signature)
    }

    /// The question that a link is about; nil for a token that we did not sign, or that is over.
    func question(behind token: String) async throws -> Approval? {
        // Whatever is wrong with the token, the caller learns nothing of it.
        guard let token = try? ApprovalToken(token, signedWith: keys),
            let approval = try await context.store.approval(token.approval),
            approval.state != .pending || token.expiresAt > context.surroundings.now()
        else { return nil }
        return approval
    }

    /// As people see it.
    func boardApproval(_ approval: Approval) async throws -> BoardApproval {
        let agents = try await context.store.agents(includingRemoved: true)
        var place = agents.first { $0.subject == approval.subject }?.place.branch
        if case .pane(let pane) = approval.subject { place = pane.name }
        return BoardApproval(
            approval: approval, branch: place,
            diff: nil, channels: try await context.store.channels(of: approval.id))
    }
}

extension AnswerResult {
    /// The status of the answer to whoever answered.
    var status: Int {
        switch self {
        case .accepted: 200
        case .answered: 409
        case .expired, .withdrawn: 410
        case .refused(let refusal):
            switch refusal {
            case .tooLarge: 413
            case .malformed, .unusableBody: 400
            case .forged, .stale: 401
            case .otherApproval, .notFound: 404
            case .linkExpired: 410
            case .channel: 403
            }
        }
    }

    /// A stable word for programs.
    var word: String {
        switch self {
        case .accepted: "accepted"
        case .answered: "answered"
        case .expired: "expired"
        case .withdrawn: "withdrawn"
        case .refused(let refusal): refusal.rawValue
        }
    }

    /// The question, where the caller may know it.
    var approval: Approval? {
        switch self {
        case .accepted(let approval), .answered(let approval), .expired(let approval),
            .withdrawn(let approval):
            approval
        case .refused: nil
        }
    }
}

/// An answer that did not count, as every other error is told.
struct UncountedAnswer: UserFacingError {
    let result: AnswerResult

    var code: String { "approval_\(result.word)" }

    var message: String {
        switch result {
        case .accepted: "The answer counts"
        case .answered(let approval): ApprovalsError.answeredAlready(approval).message
        case .expired(let approval): ApprovalsError.expired(approval).message
        case .withdrawn(let approval): ApprovalsError.withdrawn(approval).message
        case .refused(let refusal): refusal.message
        }
    }
}
