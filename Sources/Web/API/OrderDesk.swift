internal import Core
internal import Fleet
internal import Store
internal import SystemPackage

/// What somebody at a page or with a program of their own wants typed into an agent.
struct RemoteOrder: Sendable {
    var content: SendContent
    /// A pane's id (`%3`), an agent's id, its branch or its session.
    var target: String
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
    var agent: Agent
    /// Nil for an order that was taken before, and whose end is not known any more.
    var receipt: SendReceipt?
    var isRepeated = false
}

/// Takes orders from far away: only for agents of this fleet, only for the agent that is meant, each once, and written
/// down.
actor OrderDesk {
    private let context: SiteContext
    /// Nil for panes that were not spawned here: pages only show them.
    private let sender: Sender?
    /// How the latest keyed orders ended, for clients whose line broke before they heard it.
    private var ended: [String: OrderResult] = [:]
    private var order: [String] = []

    static let mostRemembered = 1000
    /// Of an order's text, in the journal.
    static let mostText = 500

    init(context: SiteContext) {
        self.context = context
        sender = context.fleet.map { Sender(context: $0) }
    }

    /// Types it, or says how the same order went before.
    ///
    /// Throws ``WebError/noSuchPane(_:)`` or ``WebError/otherAgent(pane:expected:found:)`` before anything is typed.
    func take(_ order: RemoteOrder) async throws -> OrderResult {
        guard let sender else { throw WebError.foreignSession(order.target) }
        let agent = try await agent(meantBy: order)
        guard try await isNew(order, agent) else {
            return order.key.flatMap { ended[$0] }.map { known in
                OrderResult(agent: known.agent, receipt: known.receipt, isRepeated: true)
            } ?? OrderResult(agent: agent, receipt: nil, isRepeated: true)
        }
        let (typed, receipt) = try await sender.send(order.content, to: agent.id.rawValue)
        let result = OrderResult(agent: typed, receipt: receipt)
        if let key = order.key { remember(result, key) }
        return result
    }

    private func agent(meantBy order: RemoteOrder) async throws -> Agent {
        try context.fleet?.requireTrust()
        let agents = try await context.store.agents()
        let target = order.target
        let found =
            agents.first { $0.id.rawValue == target }
            ?? agents.first { $0.pane?.pane.description == target }
            ?? agents.first { $0.place.branch == target }
            ?? agents.first { $0.place.session.rawValue == target }
        guard let found else {
            throw PaneID(target) == nil ? WebError.foreignSession(target) : WebError.noSuchPane(target)
        }
        if let expected = order.agent, expected != found.id.rawValue {
            throw WebError.otherAgent(pane: target, expected: expected, found: found.id.rawValue)
        }
        return found
    }

    /// Writes the order down; false when one with its key is there already.
    private func isNew(_ order: RemoteOrder, _ agent: Agent) async throws -> Bool {
        var payload: JSONObject = ["through": .string(order.through)]
        switch order.content {
        case .text(let text, let enter):
            payload["text"] = .string(String(text.prefix(Self.mostText)))
            payload["enter"] = .bool(enter)
        case .keys(let keys): payload["keys"] = .array(keys.prefix(50).map { .string($0) })
        }
        payload["by"] = order.sender.map { .string(String($0.prefix(200))) }
        let draft = JournalDraft(
            subject: agent.subject, kind: .agentOrdered, source: order.through, payload: payload,
            key: order.key.map { "order/\($0)" })
        return try await context.store.emit(draft, at: context.surroundings.now()).isNew
    }

    private func remember(_ result: OrderResult, _ key: String) {
        ended[key] = result
        order.append(key)
        if order.count > Self.mostRemembered { ended[order.removeFirst()] = nil }
    }
}
