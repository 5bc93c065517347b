public import Core
public import Store

/// Acts on what others write to the bus, each line once: types into agents of the fleet or panes of `run`, answers
/// approvals.
public struct BusDesk: Sendable {
    private let store: FleetStore
    private let fleetName: String
    private let audience: BusAudience
    private let redaction: Redaction

    /// `fleetName`: what the key `fleet` calls the fleet, or the configuration of `run`.
    public init(
        store: FleetStore, fleetName: String, audience: BusAudience = .agents, redaction: Redaction
    ) {
        self.store = store
        self.fleetName = fleetName
        self.audience = audience
        self.redaction = redaction
    }

    /// Orders that waited longer are not carried out: who gave them thought of another moment.
    public static let patience = Duration.seconds(3600)

    /// What became of a line.
    public enum Deed: Sendable, Equatable {
        /// The hands have something to do, for an agent by its branch or a pane by `session:window`.
        case ordered(for: String)
        case answered(ApprovalID)
        /// In the journal with the reason.
        case refused(String)
        /// A line with its id was taken before.
        case known
        /// It is for others, or was refused before.
        case none
    }

    // MARK: - Commands

    /// Orders what a line of `commands.jsonl` says.
    ///
    /// `mayBeOld`: it may have stood there for long, so that it has to say from when it is.
    public func takeCommand(
        _ line: BusLine, mayBeOld: Bool = false, at now: Timestamp
    ) async throws -> Deed {
        let id = OutboxID("bus/\(store.fleet)/\(line.id)")
        guard try await store.outboxItem(id) == nil else { return .known }
        guard let order = try await order(in: line, mayBeOld: mayBeOld, at: now) else { return .none }
        let (command, addressee): (BusCommand, BusAddressee)
        switch order {
        case .failure(let refusal): return try await refuse(line, refusal, "commands", at: now)
        case .success(let found): (command, addressee) = found
        }
        let item = OutboxItem(
            id: id, subject: addressee.subject, run: nil, stage: nil,
            attempt: 1, action: command.action, createdAt: now, dueAt: now)
        var payload: JSONObject = [
            "id": .string(line.id), "branch": .string(addressee.name), "item": .string(item.id.rawValue),
        ]
        payload["sender"] = command.sender.map { .string(redaction($0)) }
        let draft = JournalDraft(
            subject: item.subject, kind: .busCommand, source: "bus", payload: payload, key: item.id.rawValue)
        // Both know the id: a line that is read again changes nothing.
        _ = try await store.emit(draft, at: now)
        return try await store.enqueue(item) ? .ordered(for: addressee.name) : .known
    }

    /// Nil for a line that is for others.
    private func order(
        in line: BusLine, mayBeOld: Bool, at now: Timestamp
    ) async throws -> Result<(BusCommand, BusAddressee), BusRefusal>? {
        guard let object = line.object else { return .failure(.malformed("it is no JSON object")) }
        let command: BusCommand
        switch BusCommand.read(object) {
        case .failure(let refusal): return .failure(refusal)
        case .success(let read): command = read
        }
        guard command.isFor(fleetName, store.fleet) else { return nil }
        guard let at = line.at ?? (mayBeOld ? nil : now) else { return .failure(.undated) }
        guard now.distance(from: at) <= Self.patience else { return .failure(.stale) }
        return try await audience.addressee(of: command, in: store)?.map { (command, $0) }
    }

    // MARK: - Confirmations

    /// Answers the approval that a line of `confirmations.jsonl` names; others are not ours to act on.
    public func takeConfirmation(_ line: BusLine, at now: Timestamp) async throws -> Deed {
        guard let object = line.object, let id = Self.approval(in: object),
            let approval = try await store.approval(id)
        else { return .none }
        guard let decision = Self.decision(object["action"]?.string) else {
            return try await refuse(
                line, .malformed("'action' is neither approve nor reject"), "confirmations", at: now)
        }
        let meta = object["meta"]?.object
        let sender = object["sender"]?.string ?? meta?["sender"]?.string
        let reason = object["reason"]?.string ?? meta?["reason"]?.string
        let answer = ApprovalAnswer(
            decision: decision,
            by: "bus: " + (sender.map { String($0.prefix(200)) + ", as the line says" } ?? "unknown writer"),
            // As an approval file: nothing tells who wrote it, and a policy that wants to know names other channels.
            through: "file", at: now, reason: reason.map { redaction(String($0.prefix(2000))) })
        switch try await outcome(of: answer, to: approval.id) {
        case .recorded?: return .answered(approval.id)
        case .late?, .expired?: return .none
        case nil:
            return try await refuse(
                line, .malformed("\(id) is not answered by files"), "confirmations", at: now)
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

    private static func approval(in object: JSONObject) -> ApprovalID? {
        let named = object["approval"] ?? object["meta"]?["approval"] ?? object["meta"]?["approval_id"]
        return named?.string.flatMap { $0.isEmpty ? nil : ApprovalID($0) }
    }

    private static func decision(_ word: String?) -> ApprovalAnswer.Decision? {
        switch word?.lowercased() {
        case "approve", "approved", "yes": .approve
        case "reject", "rejected", "no": .reject
        default: nil
        }
    }

    private func refuse(
        _ line: BusLine, _ refusal: BusRefusal, _ file: String, at now: Timestamp
    ) async throws -> Deed {
        let draft = JournalDraft(
            subject: .mainCheckout, kind: .busRefused, source: "bus",
            payload: [
                "file": .string(file), "id": .string(line.id), "reason": .string(redaction(refusal.words)),
            ], key: "bus/\(store.fleet)/\(file)/\(line.id)/refused")
        let emission = try await store.emit(draft, at: now)
        return emission.isNew ? .refused(redaction(refusal.words)) : .none
    }
}

extension BusCommand {
    fileprivate var action: Action {
        switch content {
        case .text(let text, let enter): .sendKeys(text: text, enter: enter)
        case .keys(let keys): .keys(keys)
        }
    }

    fileprivate func isFor(_ name: String, _ id: FleetID) -> Bool {
        guard let fleet else { return true }
        return fleet == name || fleet == id.rawValue
    }
}
