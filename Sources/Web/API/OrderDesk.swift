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
    /// Nil for an order that was taken before, and whose end is not known any more.
    var receipt: SendReceipt?
    var isRepeated = false
}

/// Takes orders from far away: only for agents of this fleet, only for the agent that is meant, each once, and written
/// down.
actor OrderDesk {
    private let context: SiteContext
    /// Nil for panes that were not spawned here.
    private let sender: Sender?
    /// How the latest keyed orders ended, for clients whose line broke before they heard it.
    private var ended: [String: OrderResult] = [:]
    private var order: [String] = []

    static let mostRemembered = 1000

    init(context: SiteContext) {
        self.context = context
        sender = context.fleet.map { Sender(context: $0) }
    }

    /// Types it, or says how the same order went before.
    ///
    /// Throws ``WebError/noSuchPane(_:)`` or ``WebError/otherAgent(pane:expected:found:)`` before anything is typed.
    func take(_ order: RemoteOrder) async throws -> OrderResult {
        guard let sender else { return try await PaneOrders(context: context).take(order) }
        let agent = try await agent(meantBy: order)
        guard try await isNew(order, agent) else {
            var known = order.key.flatMap { ended[$0] } ?? OrderResult(agent, receipt: nil)
            known.isRepeated = true
            return known
        }
        let (typed, receipt) = try await sender.send(order.content, to: agent.id.rawValue)
        let result = OrderResult(typed, receipt: receipt)
        if let key = order.key { remember(result, key) }
        return result
    }

    private func agent(meantBy order: RemoteOrder) async throws -> Agent {
        try context.fleet?.requireTrust()
        let target = order.target
        let meant = try await context.store.agents().meant(by: target)
        guard let found = meant.first else {
            throw PaneID(target) == nil ? WebError.foreignSession(target) : WebError.noSuchPane(target)
        }
        guard meant.count == 1 else { throw WebError.sharedPane(target) }
        if let expected = order.agent, expected != found.id.rawValue {
            throw WebError.otherAgent(pane: target, expected: expected, found: found.id.rawValue)
        }
        return found
    }

    /// Writes the order down; false when one with its key is there already.
    private func isNew(_ order: RemoteOrder, _ agent: Agent) async throws -> Bool {
        try await context.store.emit(order.draft(for: agent.subject), at: context.surroundings.now()).isNew
    }

    private func remember(_ result: OrderResult, _ key: String) {
        ended[key] = result
        order.append(key)
        if order.count > Self.mostRemembered { ended[order.removeFirst()] = nil }
    }
}

extension OrderResult {
    fileprivate init(_ agent: Agent, receipt: SendReceipt?) {
        self.init(id: agent.id.rawValue, name: agent.place.branch, receipt: receipt)
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
