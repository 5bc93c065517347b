internal import Core
internal import ProcessKit
internal import Store
internal import TmuxKit

/// An agent's pane as tmux shows it now.
struct PaneLook {
    var pane: PaneSnapshot
    /// By the rules of the agent's kind, from the screen alone; nil when it was not looked at.
    var state: AgentState?
    /// What the screen alone proves; `state` may also come from when it last printed.
    var shownState: AgentState?
    var waitingFor: WaitingFor?
}

/// Finds the panes of many agents with one question per tmux server.
struct PaneLookup {
    let agents: [Agent]
    let context: FleetContext
    /// Panes of servers that were asked already, by the path of the server's socket.
    var known: [String: [PaneSnapshot]] = [:]

    /// Agents without a pane are left out; a server that does not run has none.
    func find(readScreens: Bool) async throws -> [AgentID: PaneLook] {
        let placed = agents.filter { $0.pane != nil }
        let servers = Dictionary(grouping: placed) { $0.pane?.server.socket ?? "" }
        var looks: [AgentID: PaneLook] = [:]
        for (socket, agents) in servers.sorted(by: { $0.key < $1.key }) {
            guard let recorded = agents.first?.pane else { continue }
            let server = TmuxServer(try context.tmux(of: recorded))
            let panes: [PaneSnapshot]
            if let known = known[socket] { panes = known } else { panes = try await server.panesWithEnds() }
            let byAgent = Dictionary(grouping: panes.filter { $0.agent != nil }, by: { $0.agent })
            for agent in agents {
                let own = byAgent[agent.id] ?? []
                guard let pane = own.first(where: { !$0.isDead }) ?? own.first else { continue }
                looks[agent.id] = PaneLook(pane: pane)
            }
            if readScreens { try await judge(agents, on: server, &looks) }
        }
        return looks
    }

    /// Of a program whose screen says nothing: it works while it prints.
    private func activity(of agent: Agent) -> AgentState? {
        guard let last = agent.tap.flatMap({ Files.modifiedAt($0) }) else { return nil }
        return context.surroundings.now().distance(from: last) < .seconds(3) ? .working : .idle
    }

    private func judge(_ agents: [Agent], on server: TmuxServer, _ looks: inout [AgentID: PaneLook])
        async throws
    {
        let living = agents.compactMap { agent in
            looks[agent.id].flatMap { $0.pane.isDead ? nil : (agent, $0.pane.address) }
        }
        let captures = try await server.captures(living.map(\.1))
        let byPane = Dictionary(captures.map { ($0.pane.address, $0) }) { $1 }
        for (agent, address) in living {
            guard let capture = byPane[address] else { continue }
            let view = try context.detection.judge(AgentKind(agent.program.kind)).view(of: capture)
            looks[agent.id]?.shownState = view.state
            looks[agent.id]?.state = view.state ?? activity(of: agent)
            looks[agent.id]?.waitingFor = view.waitingFor
        }
    }
}
