public import Core
public import Store

/// Answers what people write to a bot of their chat program, such as `/approve ap-4f2` or `/reject ap-4f2 too early`.
///
/// ```swift
/// let reply = try await ChatCommands(store: store, keys: keys, now: now).answer(text: "/approve ap-4f2", sender: "ana")
/// ```
public struct ChatCommands: Sendable {
    private let store: FleetStore
    private let keys: ApprovalKeys
    private let now: @Sendable () -> Timestamp

    public init(store: FleetStore, keys: ApprovalKeys, now: @escaping @Sendable () -> Timestamp) {
        self.store = store
        self.keys = keys
        self.now = now
    }

    /// What the bot says, as plain text; nothing in it can answer a question.
    public struct Reply: Sendable, Equatable {
        public var text: String
        /// Whether something was approved or rejected.
        public var isAnswered = false
        /// The status that suits HTTP: 200, or 401 for a call that proves nothing.
        public var status = 200

        public init(text: String, isAnswered: Bool = false, status: Int = 200) {
            self.text = text
            self.isAnswered = isAnswered
            self.status = status
        }
    }

    /// A call as it came in: the body is `{"text": "/approve ap-4f2", "sender": "ana"}`.
    ///
    /// `X-Signature-256` is as for signed answers, over `<X-Timestamp>.chat.<body>`. Nothing in the body is looked at
    /// before the signature holds, and who proves nothing learns nothing.
    public func answer(body: [UInt8], timestamp: String?, signature: String?) async throws -> Reply {
        do {
            try WebhookSignature(keys: keys).verify(
                signature, time: timestamp, approval: Self.place, body: body, at: now())
        } catch {
            try await store.increment([
                CounterIncrement(
                    "tmux_agent_approval_refusals_total",
                    labels: ["through": "chat", "reason": error.rawValue])
            ])
            return Reply(text: error == .stale ? error.message : "This call is not signed by us", status: 401)
        }
        guard let object = try? JSONValue.parse(bytes: body), let text = object["text"]?.string,
            let sender = object["sender"]?.string, !sender.isEmpty
        else { return Reply(text: "A call has 'text' and 'sender'", status: 400) }
        return try await answer(text: text, sender: sender)
    }

    /// What stands in the place of the approval's id in the signature.
    static let place = ApprovalID("chat")

    /// The header's value for a call; for the bot's side, and for tests of it.
    public func signature(of body: [UInt8], timestamp: String) -> String {
        WebhookSignature(keys: keys).header(time: timestamp, approval: Self.place, body: body)
    }

    /// Answers one message of somebody whom the caller has made sure of.
    public func answer(text: String, sender: String) async throws -> Reply {
        switch ChatOrder(text) {
        case .help: return Reply(text: ChatOrder.usage)
        case .unknown(let word): return Reply(text: "I do not know '\(word)'.\n\(ChatOrder.usage)")
        case .incomplete(let word): return Reply(text: "Which one? '/\(word) ID'; '/approvals' lists them.")
        case .list: return Reply(text: try await list())
        case .decide(let decision, let name, let reason):
            return try await decide(decision, name, reason: reason, sender: sender)
        }
    }

    private func list() async throws -> String {
        let questions = try await ApprovalDesk(store: store).questions()
        guard !questions.isEmpty else { return "Nobody waits for an answer." }
        let lines = questions.prefix(20).map { question in
            let place = [question.branch, question.approval.stage].compactMap(\.self).joined(separator: ", ")
            return "\(question.approval.id) (\(place.visible)): \(Self.short(question.approval.question))"
        }
        let more = questions.count > 20 ? ["… and \(questions.count - 20) more"] : []
        return (lines + more).joined(separator: "\n")
    }

    private func decide(
        _ decision: ApprovalAnswer.Decision, _ name: String, reason: String?, sender: String
    ) async throws -> Reply {
        let found: ApprovalQuestion
        do {
            found = try await ApprovalDesk(store: store).question(named: name, onlyByID: true)
        } catch let error as ApprovalsError {
            return Reply(
                text: [error.message.visible, error.hint?.visible].compactMap(\.self).joined(separator: ". ")
                    + ".")
        }
        let words = AnswerAttempt.Words(decision, reason: reason, by: sender)
        let attempt = AnswerAttempt.login(found.approval.id, through: .chat, words)
        let result = try await ApprovalAnswers(store: store, keys: keys).answer(attempt, at: now())
        let id = found.approval.id
        switch result {
        case .accepted:
            let word = decision == .approve ? "approved" : "rejected"
            return Reply(text: "\(id) is \(word): \(Self.short(found.approval.question))", isAnswered: true)
        case .answered(let approval):
            return Reply(text: ApprovalsError.answeredAlready(approval).message.visible + ".")
        case .expired(let approval):
            return Reply(text: ApprovalsError.expired(approval).message.visible + ".")
        case .withdrawn(let approval):
            return Reply(text: ApprovalsError.withdrawn(approval).message.visible + ".")
        case .refused(let refusal): return Reply(text: refusal.message + ".")
        }
    }

    private static func short(_ text: String) -> String {
        let line = text.visible
        return line.count > 120 ? line.prefix(119) + "…" : line
    }
}
