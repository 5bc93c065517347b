public import Core
public import Store

/// Takes answers that come over links, signed calls, the dashboard, the phone console and chat.
///
/// Every way ends in the same row as `tmux-agent approve` and the files: the first answer wins, in one transaction of
/// the database. What is refused is counted by reason.
public struct ApprovalAnswers: Sendable {
    private let store: FleetStore
    private let keys: ApprovalKeys

    public init(store: FleetStore, keys: ApprovalKeys) {
        self.store = store
        self.keys = keys
    }

    /// More of a reason or a name is not kept.
    static let mostReason = 2000
    static let mostName = 200

    public func answer(_ attempt: AnswerAttempt, at now: Timestamp) async throws -> AnswerResult {
        let result: AnswerResult
        switch verified(attempt, at: now) {
        case .failure(let refusal): result = .refused(refusal)
        case .success(let claim): result = try await record(claim, through: attempt.through, at: now)
        }
        if case .refused(let refusal) = result { try await count(refusal, through: attempt.through) }
        return result
    }

    /// Counts an attempt that the server turned away before it could be one; `through` as in the record of answers.
    public func count(_ refusal: AnswerRefusal, through: String) async throws {
        try await store.increment([
            CounterIncrement(
                "tmux_agent_approval_refusals_total",
                labels: ["through": through, "reason": refusal.rawValue])
        ])
    }

    /// What an attempt says that has proved that it may.
    private struct Claim {
        var approval: ApprovalID
        var words: AnswerAttempt.Words
        var linkEnd: Timestamp?
    }

    private func verified(_ attempt: AnswerAttempt, at now: Timestamp) -> Result<Claim, AnswerRefusal> {
        do throws(AnswerRefusal) {
            return .success(try claim(of: attempt, at: now))
        } catch {
            return .failure(error)
        }
    }

    /// Nothing is looked up here: who proves nothing learns nothing.
    private func claim(of attempt: AnswerAttempt, at now: Timestamp) throws(AnswerRefusal) -> Claim {
        switch attempt {
        case .link(let text, let demanded, let words):
            let token = try ApprovalToken(text, signedWith: keys)
            if let demanded, demanded != token.approval { throw .otherApproval }
            return Claim(approval: token.approval, words: words, linkEnd: token.expiresAt)
        case .signedCall(let id, let body, let timestamp, let signature):
            try WebhookSignature(keys: keys).verify(
                signature, time: timestamp, approval: id, body: body, at: now)
            return Claim(approval: id, words: try Self.words(in: body))
        case .login(let id, _, let words): return Claim(approval: id, words: words)
        }
    }

    /// `{"decision": "approve" | "reject", "reason"?, "by"?}`.
    static func words(in body: [UInt8]) throws(AnswerRefusal) -> AnswerAttempt.Words {
        guard body.count <= WebhookSignature.mostBytes,
            let object = try? JSONValue.parse(String(decoding: body, as: UTF8.self)),
            let decision = object["decision"]?.string.flatMap(ApprovalAnswer.Decision.init(rawValue:))
        else { throw .unusableBody }
        return AnswerAttempt.Words(decision, reason: object["reason"]?.string, by: object["by"]?.string)
    }

    private func record(_ claim: Claim, through: String, at now: Timestamp) async throws -> AnswerResult {
        let id = claim.approval
        guard let approval = try await store.approval(id) else { return .refused(.notFound) }
        if let end = claim.linkEnd, end <= now, approval.state == .pending,
            approval.expiresAt.map({ $0 > now }) ?? true
        {
            return .refused(.linkExpired)
        }
        let by = claim.words.by.flatMap { $0.isEmpty ? nil : String($0.prefix(Self.mostName)) }
        let answer = ApprovalAnswer(
            decision: claim.words.decision, by: by ?? "\(through): unknown person", through: through, at: now,
            reason: claim.words.reason.flatMap { $0.isEmpty ? nil : String($0.prefix(Self.mostReason)) })
        switch try await outcome(of: answer, to: id) {
        case .recorded(let approval)?: return .accepted(approval)
        case .expired(let approval)?: return .expired(approval)
        case .late(let approval)? where approval.state == .cancelled: return .withdrawn(approval)
        case .late(let approval)?: return .answered(approval)
        case nil: return .refused(.channel)
        }
    }

    /// Nil when the policy wants the answer another way.
    private func outcome(of answer: ApprovalAnswer, to id: ApprovalID) async throws -> AnswerOutcome? {
        let outcome: AnswerOutcome
        do {
            outcome = try await store.answer(id, answer)
        } catch {
            guard case .channelRefused = error else { throw error }
            return nil
        }
        return outcome
    }
}
