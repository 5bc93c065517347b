internal import Core
internal import Fleet
internal import Store
internal import SystemPackage

/// What somebody at a page or with a program of their own wants typed into an agent.
struct RemoteOrder: Sendable {
    var content: SendContent
    /// A pane's id (`%3`), an agent's id, its branch or its session; of a pane that `run` watches its `agent`, `build~%3`,
    /// or its session (`build~work`) while that has no other pane.
    var target: String
    /// More names that must mean the same.
    var furtherNames: [String] = []
    /// The agent that stood beside the box when it was typed; nil: whoever `target` means now.
    var agent: String?
    /// The sender's own id of this order: one id is typed once, however often it is sent.
    var key: String?
    /// Who sends it, as they say themselves.
    var sender: String?
    /// `web` or `portal`.
    var through: String
}

/// What became of an order.
struct OrderResult: Sendable {
    /// Of the agent, or of a pane that `run` watches.
    var id: String
    /// The branch, or `session:window`.
    var name: String
    var receipt: SendReceipt
    var isRepeated = false
}

/// Takes orders from far away: only for agents of this fleet, only for the agent that is meant, each once, and written
/// down.
actor OrderDesk {
    private let context: SiteContext
    /// Nil for panes that were not spawned here.
    private let sender: Sender?
    /// Keys of orders that are being typed, with who sends the same meanwhile and waits for its end.
    private var turns: [String: [CheckedContinuation<Void, Never>]] = [:]

    init(context: SiteContext) {
        self.context = context
        sender = context.fleet.map { Sender(context: $0) }
    }

    /// Types it, or says how the same order went before; one that failed is typed now, as far as it was not.
    ///
    /// Throws ``WebError/noSuchPane(_:)``, ``WebError/otherAgent(pane:expected:found:)`` or
    /// ``WebError/otherOrder(id:)`` before anything is typed.
    func take(_ order: RemoteOrder) async throws -> OrderResult {
        guard let sender else { return try await PaneOrders(context: context).take(order) }
        let agent = try await agent(meantBy: order)
        try await writeDown(order, agent)
        guard let key = order.key else {
            return try await type(order, agent, key: context.surroundings.ids.make("o"), sender)
        }
        await waitForTurn(key)
        defer { endTurn(key) }
        if let receipt = try await end(of: key) {
            return OrderResult(agent, receipt: receipt, isRepeated: true)
        }
        return try await type(order, agent, key: key, sender)
    }

    private func waitForTurn(_ key: String) async {
        guard turns[key] != nil else {
            turns[key] = []
            return
        }
        await withCheckedContinuation { turns[key]?.append($0) }
    }

    private func endTurn(_ key: String) {
        guard let next = turns[key]?.first else {
            turns[key] = nil
            return
        }
        turns[key]?.removeFirst()
        next.resume()
    }

    private func agent(meantBy order: RemoteOrder) async throws -> Agent {
        try context.fleet?.requireTrust()
        let target = order.target
        let agents = try await context.store.agents()
        let meant = agents.meant(by: target)
        guard let found = meant.first else {
            throw PaneID(target) == nil ? WebError.foreignSession(target) : WebError.noSuchPane(target)
        }
        guard meant.count == 1 else { throw WebError.sharedPane(target) }
        for name in order.furtherNames where !agents.meant(by: name).contains(where: { $0.id == found.id }) {
            throw WebError.differentNames(target, name)
        }
        if let expected = order.agent, expected != found.id.rawValue {
            throw WebError.otherAgent(pane: target, expected: expected, found: found.id.rawValue)
        }
        return found
    }

    private func writeDown(_ order: RemoteOrder, _ agent: Agent) async throws {
        let draft = order.draft(for: agent.subject)
        let isNew = try await context.store.emit(draft, at: context.surroundings.now()).isNew
        guard !isNew, let id = order.key, let key = draft.key,
            let known = try await context.store.journalEntry(key: key)
        else { return }
        let isSame =
            known.subject == draft.subject
            && ["text", "enter", "keys"].allSatisfy { known.payload[$0] == draft.payload[$0] }
        guard isSame else { throw WebError.otherOrder(id: id) }
    }

    /// tmux remembers the order until its end is written down, so that it is typed once whoever is killed meanwhile.
    private func type(
        _ order: RemoteOrder, _ agent: Agent, key: String, _ sender: Sender
    ) async throws -> OrderResult {
        let id = OutboxID("order/\(context.store.fleet)/\(key)")
        let receipt = try await sender.submit(order.content, to: agent, id: id)
        var payload: JSONObject = [
            "item": .string(id.rawValue), "state": "done", "detail": .string(receipt.stage.rawValue),
        ]
        payload["reason"] = receipt.detail.map { .string($0) }
        let draft = JournalDraft(
            subject: agent.subject, kind: .actionEnded, source: order.through, payload: payload,
            key: order.key.map(Self.endKey))
        _ = try await context.store.emit(draft, at: context.surroundings.now())
        // What tmux remembers in vain costs some bytes.
        try? await sender.forget(id, at: agent)
        return OrderResult(agent, receipt: receipt)
    }

    /// How the order with this key ended; nil for one that was not typed to its end.
    private func end(of key: String) async throws -> SendReceipt? {
        guard let payload = try await context.store.journalEntry(key: Self.endKey(key))?.payload,
            let stage = payload["detail"]?.string.flatMap(SendReceipt.Stage.init)
        else { return nil }
        return SendReceipt(stage: stage, detail: payload["reason"]?.string)
    }

    private static func endKey(_ key: String) -> String { "order-ended/\(key)" }
}

extension OrderResult {
    fileprivate init(_ agent: Agent, receipt: SendReceipt, isRepeated: Bool = false) {
        self.init(
            id: agent.id.rawValue, name: agent.place.branch, receipt: receipt, isRepeated: isRepeated)
    }
}

extension RemoteOrder {
    /// Of the text, in the journal.
    static let mostText = 500

    /// The journal's row; one with the same key is written once.
    func draft(for subject: Subject) -> JournalDraft {
        var payload: JSONObject = ["through": .string(through)]
        switch content {
        case .text(let text, let enter):
            payload["text"] = .string(String(text.prefix(Self.mostText)))
            payload["enter"] = .bool(enter)
        case .keys(let keys): payload["keys"] = .array(keys.prefix(50).map { .string($0) })
        }
        payload["by"] = sender.map { .string(String($0.prefix(200))) }
        return JournalDraft(
            subject: subject, kind: .agentOrdered, source: through, payload: payload,
            key: key.map { "order/\($0)" })
    }
}
