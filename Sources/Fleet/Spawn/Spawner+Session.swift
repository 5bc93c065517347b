internal import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TmuxKit

extension Spawner {
    /// Starts the program in a session of its own, with the tap armed before its first byte.
    func start(_ agent: Agent, slug: Slug, server: TmuxServer) async throws -> Agent {
        progress(.session(agent.place.session.rawValue))
        try await context.store.setPhase(.session, of: agent.id, spawner: spawner)
        let pane: PaneSnapshot
        do {
            pane = try await server.startAgent(try session(agent, slug: slug))
        } catch TmuxError.sessionTaken(let name, _) {
            throw FleetError.sessionTaken(name)
        }
        return try await record(pane, of: agent)
    }

    /// Starts a dead agent's program again: in its pane when tmux kept it, else in a new session.
    func restart(_ agent: Agent, in pane: PaneSnapshot?, server: TmuxServer) async throws -> Agent {
        progress(.session(agent.place.session.rawValue))
        let windowName =
            "agent:\(agent.place.session.rawValue.dropFirst(context.configuration.tmux.prefix.count))"
        let session = try session(agent, windowName: windowName)
        try noteStart(of: session, columns: pane?.columns, rows: pane?.rows)
        if let pane {
            return try await record(try await server.restartAgent(session, in: pane.address), of: agent)
        }
        let fresh = TmuxServer(try context.tmux())
        return try await record(try await fresh.startAgent(session), of: agent)
    }

    /// Says beside the tap that what follows is painted into an empty pane.
    private func noteStart(of session: AgentSession, columns: Int?, rows: Int?) throws {
        guard let length = Files.size(session.tap) else { return }
        let now = context.surroundings.now().milliseconds
        try Files.append(
            "\(now) \(length) \(columns ?? session.columns) \(rows ?? session.rows) start\n",
            to: FilePath(session.tap.string + ".sizes"))
    }

    func session(_ agent: Agent, slug: Slug) throws -> AgentSession {
        try session(agent, windowName: "agent:\(slug)")
    }

    private func session(_ agent: Agent, windowName: String) throws -> AgentSession {
        try Files.makeFolder(context.logs, mode: 0o700)
        let settings = context.configuration.tmux
        return AgentSession(
            agent: agent.id, name: agent.place.session, windowName: windowName,
            workingDirectory: agent.place.worktree, program: AgentSession.shellLine(agent.program.command),
            path: agent.program.searchPath, environment: agent.program.environment,
            columns: settings.columns, rows: settings.rows, tap: context.logs.appending("\(agent.id).tap"))
    }

    func record(_ pane: PaneSnapshot, of agent: Agent) async throws -> Agent {
        let process = ProcessTable.process(pane.pid).map {
            RecordedProcess($0.identity)
        }
        let tap = pane.tap ?? context.logs.appending("\(agent.id).tap")
        try await context.store.recordStart(
            agent.id, pane: RecordedPane(server: pane.server, pane: pane.id, process: process), tap: tap,
            at: context.surroundings.now())
        return try await context.store.update(agent.id) { agent in
            agent.spawn.phase = .briefing
            agent.spawn.madeBranch = agent.spawn.madeBranch
        }
    }

    /// A program that the shell could not find or run ends within milliseconds with 127 or 126: nothing ran, so the
    /// spawn is taken back as before the start.
    func failIfCommandWasNotFound(_ agent: Agent, server: TmuxServer, undo: UndoStack) async throws {
        undo.push("the session") { [context] in
            guard let pane = try await server.pane(of: agent.id) else { return }
            try await server.removePane(pane.address, of: agent.id)
            try? Files.remove(context.logs.appending("\(agent.id).tap"))  // an unread log of a program that never ran
        }
        for pause in [Duration.zero, .milliseconds(15), .milliseconds(15)] {
            try await Task.sleep(for: pause)
            guard let pane = try await server.pane(of: agent.id) else { break }
            guard case .exited(let status) = pane.end, status == 127 || status == 126 else {
                if pane.isDead { return }
                continue
            }
            let screen = try await server.capture(pane.address).rows.filter { !$0.isEmpty }
            throw FleetError.agentEndedAtOnce(
                branch: agent.place.branch, exitStatus: status, screen: Array(screen.suffix(5)))
        }
    }

    /// Delivers the briefing, if there is one, and ends the spawn.
    ///
    /// From here on nothing is undone: the agent runs, and a briefing that did not arrive can be sent by hand.
    func brief(_ text: String?, _ result: inout SpawnResult, server: TmuxServer) async throws {
        let agent = result.agent
        if let text, let pane = agent.pane {
            progress(.waitingUntilReady)
            let address = PaneAddress(pane: pane.pane, server: pane.server)
            let typist = try Typist(context: context, server: server, kind: AgentKind(agent.program.kind))
            let id = OutboxID("spawn/\(agent.id)/\(agent.generation)/briefing")
            do {
                try await typist.waitUntilReady(address, within: Self.readinessLimit)
                progress(.briefing)
                result.briefing = try await typist.deliver(text, id: id, to: address, mayWait: .seconds(10))
            } catch let error as any UserFacingError {
                try await context.store.setPhase(.ready, of: agent.id, spawner: nil)
                throw FleetError.briefingNotDelivered(branch: agent.place.branch, reason: error.message)
            }
        }
        try await context.store.setPhase(.ready, of: agent.id, spawner: nil)
        result.agent.spawn = SpawnProgress(
            phase: .ready, spawner: nil, madeBranch: agent.spawn.madeBranch,
            madeWorktree: agent.spawn.madeWorktree)
    }

    /// How long an agent's program may take until its rules say that it is ready for input.
    static let readinessLimit = Duration.seconds(30)
}
