internal import Core
internal import Fleet
internal import Store
internal import TmuxKit

extension Hands {
    /// How long a text waits behind somebody else's in the input box.
    private static let patience = Duration.seconds(60)

    func type(_ text: String, enter: Bool, _ item: OutboxItem) async throws -> ActionResult {
        let (typist, address) = try await pane(of: item)
        echoes.put(text, for: item.subject)
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
        switch (workplace, item.subject) {
        case (.fleet(let context, let servers), .agent(let id)):
            guard let agent = try await store.agent(id) else {
                throw HandsError.noPane(subject: item.subject.key)
            }
            guard let pane = agent.pane else { throw HandsError.noPane(subject: agent.place.branch) }
            let server = try servers.server(of: pane)
            let typist = try Typist(context: context, server: server, kind: AgentKind(agent.program.kind))
            return (typist, PaneAddress(pane: pane.pane, server: pane.server))
        case (.panes(let hosts), .pane(let pane)):
            let (server, address) = try await hosts.place(of: pane)
            let kind = hosts.kind(runningIn: try await server.capture(address).pane)
            let judge = try hosts.detection.judge(kind)
            return (try Typist(run: hosts.run, server: server, judge: judge), address)
        default: throw HandsError.noPane(subject: item.subject.key)
        }
    }
}

/// What the hands cannot do.
enum HandsError: Error {
    case noPane(subject: String)
    case notStarted(reason: String)
    /// Panes that were not spawned here have no repository in which an agent could be spawned.
    case noFleet
}

extension HandsError: UserFacingError {
    var code: String {
        switch self {
        case .noPane: "no_pane"
        case .notStarted: "shell_not_started"
        case .noFleet: "no_fleet"
        }
    }

    var message: String {
        switch self {
        case .noPane(let subject): "'\(subject)' has no pane to type into"
        case .notStarted(let reason): "The shell action could not be started: \(reason)"
        case .noFleet: "'spawn' needs a fleet; 'run' watches panes that were not spawned here"
        }
    }
}
