internal import Config
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
        return try await record(try await start(session(agent, slug: slug), on: server), of: agent)
    }

    private func start(_ session: AgentSession, on server: TmuxServer) async throws -> PaneSnapshot {
        do {
            return try await server.startAgent(session)
        } catch TmuxError.sessionTaken(let name, _) {
            throw FleetError.sessionTaken(name)
        }
    }

    /// Starts a dead agent's program again: in its pane when tmux kept it, else in a new session of `server`.
    func restart(_ agent: Agent, in pane: PaneSnapshot?, server: TmuxServer) async throws -> Agent {
        progress(.session(agent.place.session.rawValue))
        let windowName =
            "agent:\(agent.place.session.rawValue.dropFirst(context.configuration.tmux.prefix.count))"
        let session = try session(agent, windowName: windowName)
        try noteStart(
            of: session, generation: agent.generation + 1, columns: pane?.columns, rows: pane?.rows)
        if let pane {
            return try await record(try await server.restartAgent(session, in: pane.address), of: agent)
        }
        return try await record(try await start(session, on: server), of: agent)
    }

    /// Says beside the tap that what follows is painted into an empty pane, by the agent's next start.
    private func noteStart(of session: AgentSession, generation: Int, columns: Int?, rows: Int?) throws {
        let length = Files.size(session.tap) ?? 0
        let now = context.surroundings.now().milliseconds
        try Files.append(
            "\(now) \(length) \(columns ?? session.columns) \(rows ?? session.rows) start \(generation)\n",
            to: FilePath(session.tap.string + ".sizes"))
    }

    func session(_ agent: Agent, slug: Slug) throws -> AgentSession {
        try session(agent, windowName: "agent:\(slug)")
    }

    private func session(_ agent: Agent, windowName: String) throws -> AgentSession {
        try Files.makeFolder(context.logs, mode: 0o700)
        let tap = context.logs.appending("\(agent.id).tap")
        // A tap that tmux could not write to would only be missed later.
        try Files.append("", to: tap)
        let settings = context.configuration.tmux
        return AgentSession(
            agent: agent.id, name: agent.place.session, windowName: windowName,
            workingDirectory: agent.place.worktree, program: AgentSession.shellLine(agent.program.command),
            path: agent.program.searchPath, environment: agent.program.environment,
            columns: settings.columns, rows: settings.rows, tap: tap)
    }

    func record(_ pane: PaneSnapshot, of agent: Agent) async throws -> Agent {
        let process = ProcessTable.process(pane.pid).map {
            RecordedProcess($0.identity)
        }
        let tap = pane.tap ?? context.logs.appending("\(agent.id).tap")
        return try await context.store.recordStart(
            agent.id, pane: RecordedPane(server: pane.server, pane: pane.id, process: process), tap: tap,
            next: (.briefing, spawner), at: context.surroundings.now())
    }

    /// A program that the shell could not find or run ends with 127 or 126 before anything ran: a spawn is taken back as
    /// before the start, and of a restart it is said.
    ///
    /// Looks until the shell has become another program, has started one or has ended, which takes milliseconds; a shell
    /// line that goes on by itself is believed after a moment.
    func failIfCommandWasNotFound(_ agent: Agent, server: TmuxServer) async throws {
        let deadline = ContinuousClock.now.advanced(by: .milliseconds(300))
        if let process = agent.pane?.process?.identity {
            while isStarting(process.pid, agent), ContinuousClock.now < deadline {
                // The kernel tells nobody but its parent what a process becomes.
                try await Task.sleep(for: .milliseconds(1))
            }
            if ProcessTable.isAlive(process) { return }
        }
        while true {
            guard let pane = try await server.pane(of: agent.id) else { return }
            if case .exited(let status) = pane.end, status == 127 || status == 126 {
                throw FleetError.agentEndedAtOnce(
                    branch: agent.place.branch, exitStatus: status,
                    screen: try await lastRows(of: pane, server: server))
            }
            // tmux hears of the end a moment after it, and of its status when the terminal is closed.
            guard pane.end == nil || pane.end == .unknown, ContinuousClock.now < deadline else { return }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// What the program of a dead pane said last.
    private func lastRows(of pane: PaneSnapshot, server: TmuxServer) async throws -> [String] {
        // tmux scrolls the screen by a row to say that the pane is dead.
        let rows = try await server.rows(of: pane.address, history: 5)
        return rows.filter { !$0.isEmpty && !$0.hasPrefix("Pane is dead (") }.suffix(5)
    }

    /// True while the process is still tmux's copy of itself, `env` or the shell with the agent's line and no child.
    private func isStarting(_ pid: Int32, _ agent: Agent) -> Bool {
        guard let process = ProcessTable.process(pid), let words = ProcessTable.commandLine(of: pid) else {
            return false
        }
        // A kernel that does not tell the children (`CONFIG_PROC_CHILDREN`) may have hidden one.
        return process.name.hasPrefix("tmux") || words.first == "env"
            || words.contains(agent.program.command) && ProcessTable.childrenNow(of: pid)?.isEmpty ?? true
    }

    /// Delivers the briefing, if there is one, and ends the spawn.
    ///
    /// From here on nothing is undone: the agent runs, and a briefing that did not arrive is owed. The daemon delivers it
    /// when the agent is idle, and so does another spawn.
    func brief(_ text: String?, _ result: inout SpawnResult, server: TmuxServer) async throws {
        let agent = result.agent
        if let text, let pane = agent.pane {
            progress(.waitingUntilReady)
            let address = PaneAddress(pane: pane.pane, server: pane.server)
            let typist = try Typist(
                context: context, server: server, kind: AgentKind(agent.program.kind),
                recording: agent.subject)
            do {
                try await typist.waitUntilReady(address, within: Self.readinessLimit) { dialog in
                    try isAnswered(dialog, of: agent)
                }
                progress(.briefing)
                result.briefing = try await typist.deliver(
                    text, id: Briefing.id(for: agent), to: address, mayWait: .seconds(10))
            } catch let error as any UserFacingError {
                try await context.store.setPhase(.briefing, of: agent.id, spawner: nil)
                try await failIfEnded(agent, server: server)
                throw FleetError.briefingNotDelivered(
                    branch: agent.place.branch, reason: error.message, isWatched: result.isWatched)
            }
        }
        try await context.store.setPhase(.ready, of: agent.id, spawner: nil)
        result.agent.spawn = SpawnProgress(
            phase: .ready, spawner: nil, madeBranch: agent.spawn.madeBranch,
            madeWorktree: agent.spawn.madeWorktree)
    }

    /// Nobody can answer what has ended: then that is said instead of why it was not briefed.
    private func failIfEnded(_ agent: Agent, server: TmuxServer) async throws {
        let own = try await server.panesWithEnds().filter { $0.agent == agent.id }
        guard let pane = own.first(where: { !$0.isDead }) ?? own.first else {
            throw FleetError.noPane(branch: agent.place.branch, state: .gone)
        }
        guard let end = pane.end else { return }
        throw FleetError.agentEndedAtOnce(
            branch: agent.place.branch, exitStatus: end.exitStatus,
            screen: try await lastRows(of: pane, server: server), isKept: true)
    }

    /// A daemon watches, and the fleet's policy says what it answers.
    private func isAnswered(_ dialog: DetectedDialog, of agent: Agent) throws -> Bool {
        guard try context.isWatched(), let text = try Files.readText(context.configuration.watch.policy)
        else {
            return false
        }
        // A policy that cannot be read answers nothing; `policy check` says what is wrong with it.
        let policy = try? PolicyFile.read(
            text, file: "policy.yaml", context: .init(dialogs: context.dialogIDs)
        ).policy
        return policy?.answer(to: dialog, on: agent.facts()).rule != nil
    }

    /// How long an agent's program may take until its rules say that it is ready for input.
    static let readinessLimit = Duration.seconds(30)
}
