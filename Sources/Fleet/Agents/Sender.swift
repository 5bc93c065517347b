public import Core
internal import ProcessKit
public import Store
internal import SystemPackage
internal import TmuxKit

/// What `send` is asked for.
public enum SendContent: Sendable, Equatable {
    case text(String, enter: Bool)
    /// tmux key names.
    case keys([String])
}

/// Types into one agent by the same exactly-once road as the daemon.
public struct Sender: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// How long a text waits behind somebody else's in the input box.
    public static let patience = Duration.seconds(10)

    /// Sends to the agent that `name` means and says how far it got.
    public func send(_ content: SendContent, to name: String) async throws -> (
        agent: Agent, receipt: SendReceipt
    ) {
        try context.requireTrust()
        let agent = try await context.store.agent(named: name)
        let id = OutboxID("send/" + context.surroundings.ids.make("s"))
        let receipt = try await submit(content, to: agent, id: id)
        try await forget(id, at: agent)
        return (agent, receipt)
    }

    /// As above to an agent that is known, under an id that tmux remembers until ``forget(_:at:)``: what failed half-way
    /// and is submitted again goes on where it stood.
    ///
    /// Throws ``FleetError/notSubmitted(branch:reason:)`` when nothing was typed because somebody else's text waits there.
    public func submit(_ content: SendContent, to agent: Agent, id: OutboxID) async throws -> SendReceipt {
        try context.requireTrust()
        let receipt = try await send(content, to: agent, id: id, patience: Self.patience)
        guard receipt.stage != .queued else {
            throw FleetError.notSubmitted(branch: agent.place.branch, reason: receipt.detail ?? "it is busy")
        }
        return receipt
    }

    /// Sends under an id that tmux remembers on the pane until ``forget(_:at:)``: sending twice types once.
    public func send(
        _ content: SendContent, to agent: Agent, id: OutboxID, patience: Duration
    ) async throws -> SendReceipt {
        let (server, pane) = try await place(of: agent)
        let typist = try Typist(
            context: context, server: server, kind: AgentKind(agent.program.kind), recording: agent.subject)
        switch content {
        case .text(let text, let enter):
            guard !text.isEmpty else { throw FleetError.emptyText }
            return try await typist.deliver(text, id: id, to: pane, submit: enter, mayWait: patience)
        case .keys(let keys): return try await typist.press(keys, id: id, at: pane)
        }
    }

    /// Lets tmux forget an order whose end is recorded.
    public func forget(_ id: OutboxID, at agent: Agent) async throws {
        let (server, pane) = try await place(of: agent)
        try await Typist(context: context, server: server, kind: AgentKind(agent.program.kind))
            .forget(id, at: pane)
    }

    /// What the agent's pane shows now.
    public func rows(of agent: Agent) async throws -> [String] {
        let (server, pane) = try await place(of: agent)
        return try await server.capture(pane).rows
    }

    private func place(of agent: Agent) async throws -> (TmuxServer, PaneAddress) {
        guard let recorded = agent.pane else {
            throw FleetError.noPane(branch: agent.place.branch, state: .gone)
        }
        let server = TmuxServer(try context.tmux(of: recorded))
        guard let pane = try await server.pane(of: agent.id) else {
            throw FleetError.noPane(branch: agent.place.branch, state: .gone)
        }
        guard !pane.isDead else { throw FleetError.noPane(branch: agent.place.branch, state: .exited) }
        return (server, pane.address)
    }
}

/// Hands the terminal over to tmux.
public struct Attacher: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// The program, arguments and environment to become; inside tmux it switches the client, else it attaches.
    ///
    /// Throws ``FleetError/noPane(branch:state:)`` when there is nothing to attach to.
    public func command(for name: String) async throws -> (arguments: [String], environment: [String: String])
    {
        let agent = try await context.store.agent(named: name)
        guard let recorded = agent.pane else {
            throw FleetError.noPane(branch: agent.place.branch, state: .gone)
        }
        let tmux = try context.tmux(of: recorded)
        guard let pane = try await TmuxServer(tmux).pane(of: agent.id) else {
            throw FleetError.noPane(branch: agent.place.branch, state: .gone)
        }
        let here = context.surroundings.environment["TMUX"].map {
            $0.split(separator: ",").first.map(String.init) ?? ""
        }
        let isInside = here == recorded.server.socket
        let verb =
            isInside ? ["switch-client", "-t", pane.sessionID] : ["attach-session", "-t", pane.sessionID]
        var environment = tmux.environment
        // tmux finds the client to switch by this variable.
        if isInside { environment["TMUX"] = context.surroundings.environment["TMUX"] }
        environment["TERM"] = context.surroundings.environment["TERM"]
        return ([configurationProgram(tmux), "-u", "-S", recorded.server.socket] + verb, environment)
    }

    private func configurationProgram(_ tmux: Tmux) -> String { tmux.binary }
}
