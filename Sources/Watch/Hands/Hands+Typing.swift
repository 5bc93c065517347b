internal import Core
internal import Fleet
internal import Store
internal import TmuxKit

extension Hands {
    /// How long a text waits behind somebody else's in the input box.
    private static let patience = Duration.seconds(60)

    func type(_ text: String, enter: Bool, _ item: OutboxItem) async throws -> ActionResult {
        let (typist, address) = try await pane(of: item)
        if case .agent(let id) = item.subject { echoes.put(text, for: id) }
        let receipt = try await typist.deliver(
            text, id: item.id, to: address, submit: enter, mayWait: Self.patience)
        guard receipt.stage != .queued else {
            return ActionResult(item: item.id, state: .failed, detail: receipt.detail)
        }
        return ActionResult(item: item.id, state: .done, detail: receipt.stage.rawValue)
    }

    func press(_ keys: [String], _ item: OutboxItem) async throws -> ActionResult {
        let (typist, address) = try await pane(of: item)
        _ = try await typist.press(keys, id: item.id, at: address)
        return ActionResult(item: item.id, state: .done)
    }

    func pane(of item: OutboxItem) async throws -> (Typist, PaneAddress) {
        guard case .agent(let id) = item.subject, let agent = try await store.agent(id) else {
            throw HandsError.noPane(subject: item.subject.key)
        }
        guard let pane = agent.pane else { throw HandsError.noPane(subject: agent.place.branch) }
        let server = try servers.server(of: pane)
        let typist = try Typist(context: context, server: server, kind: AgentKind(agent.program.kind))
        return (typist, PaneAddress(pane: pane.pane, server: pane.server))
    }
}

/// What the hands cannot do.
enum HandsError: Error {
    case noPane(subject: String)
    case notStarted(reason: String)
}

extension HandsError: UserFacingError {
    var code: String {
        switch self {
        case .noPane: "no_pane"
        case .notStarted: "shell_not_started"
        }
    }

    var message: String {
        switch self {
        case .noPane(let subject): "'\(subject)' has no pane to type into"
        case .notStarted(let reason): "The shell action could not be started: \(reason)"
        }
    }
}
