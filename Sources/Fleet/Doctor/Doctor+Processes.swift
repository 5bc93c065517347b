internal import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TmuxKit

extension Doctor {
    /// Panes that record into this fleet's logs, but whose agent has no row or was removed.
    func strayPanes(_ panes: [PaneSnapshot], _ context: FleetContext) async throws -> [Finding] {
        var found: [Finding] = []
        for pane in panes {
            guard let id = pane.agent, let tap = pane.tap, tap.isWithin(context.logs) else { continue }
            let agent = try await context.store.agent(id)
            guard agent == nil || agent?.removedAt != nil else { continue }
            let object = "\(pane.id) (session \(pane.session))"
            let problem = "A pane of ours has no agent: \(object)"
            guard pane.isDead || agent != nil else {
                found.append(
                    Finding(
                        .strayPane, object, "\(problem), and a program runs in it",
                        remedy: "Look at it, then end it with 'tmux kill-pane -t \(pane.id)'"))
                continue
            }
            found.append(
                Finding(.strayPane, object, problem, remedy: "Remove the pane and end what runs in it") {
                    let record = RecordedPane(server: pane.server, pane: pane.id, process: nil)
                    let server = TmuxServer(try context.tmux(of: record))
                    let start = agent?.firstTick(now: context.surroundings.now()) ?? UInt64.max
                    _ = await ProcessEnder().endAgent(
                        root: pane.program()?.identity, mark: .agent(id), notBefore: start)
                    try await server.removePane(pane.address, of: id)
                })
        }
        return found
    }

    /// Rows of daemons that were killed; their control clients can hold up a whole tmux server.
    func daemons(_ context: FleetContext) async throws -> [Finding] {
        try await context.store.daemons().filter { !ProcessTable.isAlive($0.process.identity) }.map {
            daemon -> Finding in
            let client = daemon.controlClient.flatMap {
                ProcessTable.isAlive($0.identity) ? $0.identity : nil
            }
            let problem = "The '\(daemon.role.rawValue)' daemon (pid \(daemon.process.pid)) was killed"
            return Finding(
                .deadDaemon, daemon.role.rawValue,
                problem + (client.map { "; its tmux client (pid \($0.pid)) still runs" } ?? ""),
                remedy: client == nil
                    ? "Forget it; 'tmux-agent up' starts a new one" : "End the client and forget the daemon"
            ) {
                if let client { await ControlClient.endOrphan(client) }
                try await context.store.unregister(daemon.role, process: daemon.process)
            }
        }
    }

    /// Processes that removed agents left behind.
    func orphans(_ context: FleetContext) async throws -> [Finding] {
        let agents = try await context.store.agents(includingRemoved: true)
        let removed = Dictionary(agents.filter { $0.removedAt != nil }.map { ($0.id.rawValue, $0) }) { $1 }
        guard !removed.isEmpty else { return [] }
        let carriers = Set(
            ProcessTable().processes.keys.compactMap { ProcessTable.environment(of: $0)?["TMUX_AGENT_ID"] })
        var found: [Finding] = []
        let ender = ProcessEnder()
        for id in carriers.sorted() {
            guard let agent = removed[id] else { continue }
            let start = agent.firstTick(now: context.surroundings.now())
            let processes = await ender.orphans(mark: .agent(agent.id), notBefore: start)
            guard !processes.isEmpty else { continue }
            let names = processes.map { "\($0.name) (\($0.pid))" }.joined(separator: ", ")
            found.append(
                Finding(
                    .orphanedProcess, agent.place.branch,
                    "The removed agent of '\(agent.place.branch)' left processes: \(names)",
                    remedy: "End them"
                ) {
                    let report = await ender.endAgent(root: nil, mark: .agent(agent.id), notBefore: start)
                    guard report.isComplete else {
                        throw FleetError.processesStillThere(
                            branch: agent.place.branch, pids: report.left.map(\.pid))
                    }
                })
        }
        return found
    }

    func expiredLogs(_ context: FleetContext) async throws -> [Finding] {
        let logs = AgentLogs(context: context)
        let files = try await logs.expired()
        guard !files.isEmpty else { return [] }
        return [
            Finding(
                .expiredLog, context.logs.string,
                "\(files.count) log \(files.count == 1 ? "file" : "files") of agents removed over a week ago",
                remedy: "Delete them"
            ) { try await logs.sweep() }
        ]
    }
}
