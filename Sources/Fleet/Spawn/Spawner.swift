internal import Core
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TmuxKit

/// Makes an agent: branch, worktree, files, setup commands, session, briefing.
///
/// Each step is written down before the next begins, so whoever finds a spawn that was killed can finish it: running
/// `spawn` again does. Until the agent's program runs, a failure undoes everything that this call made.
public struct Spawner: Sendable {
    let context: FleetContext
    let progress: @Sendable (SpawnStep) -> Void

    public init(context: FleetContext, progress: @escaping @Sendable (SpawnStep) -> Void = { _ in }) {
        self.context = context
        self.progress = progress
    }

    /// Spawns an agent, restarts a dead one in its worktree, or finds a living one and changes nothing.
    public func spawn(_ request: SpawnRequest) async throws -> SpawnResult {
        try context.requireTrust()
        let branch = try BranchName(request.branch)
        let server = TmuxServer(try context.tmux())
        // Three programs that answer at the same time; none of them needs what another says.
        async let git = GitVersion.check(environment: context.surroundings.environment)
        async let tmux = server.tmux.checkVersion()
        async let panes = server.panes()
        let lock = try context.agentLock(branch: branch.rawValue)
        defer { withExtendedLifetime(lock) {} }
        let known = try await context.store.agents().first { $0.place.branch == branch.rawValue }
        _ = try await (tmux, git)
        guard let known else { return try await make(request, branch: branch, server: server, panes: panes) }
        let isGone = known.spawn.phase == .removing ? try await !isThere(known, server: server) : false
        switch known.spawn.phase {
        case .planned, .branch, .worktree, .setup:
            // A killed spawn: whatever it made is in the row and in git's own lists. Its setup command may still run.
            try await Remover(context: context).endOrphans(of: known)
            // Before its row goes: a refusal must not make what it left nobody's.
            try await waitForLeftover(of: known)
            return try await make(
                request, branch: branch, server: server, panes: server.panes(), after: known)
        case .removing where isGone:
            // A killed removal that had come past its point of no return.
            let finish = RemovalRequest(name: known.id.rawValue, isForced: true)
            _ = try await Remover(context: context).remove(known, finish)
            return try await make(request, branch: branch, server: server, panes: server.panes())
        case .session, .briefing, .ready, .removing:
            return try await again(known, request, server: server)
        }
    }

    private func isThere(_ agent: Agent, server: TmuxServer) async throws -> Bool {
        if Files.isFolder(agent.place.worktree) { return true }
        let own = try agent.pane.map { TmuxServer(try context.tmux(of: $0)) } ?? server
        return try await own.pane(of: agent.id).map { !$0.isDead } ?? false
    }

    private func make(
        _ request: SpawnRequest, branch: BranchName, server: TmuxServer, panes: [PaneSnapshot],
        after killed: Agent? = nil
    ) async throws -> SpawnResult {
        if branch.rawValue.hasPrefix("refs/") { throw FleetError.branchIsReference(branch.rawValue) }
        // Which files to copy is a question to the main checkout: git answers it meanwhile.
        async let ignored = filesToPlace(request)
        let (plan, registered, slug) = try await register(
            request, branch: branch, panes: panes, after: killed)
        var agent = registered
        let undo = UndoStack()
        undo.push("the agent's record") { [context, id = agent.id] in try await context.store.discard(id) }
        var result: SpawnResult
        do {
            let tree = try await makeWorktree(plan, agent: &agent, undo: undo)
            let files = try await place(ignored, plan)
            try await runSetup(plan, agent: agent)
            undo.push("the session") { [context, id = agent.id] in
                if let pane = try await server.pane(of: id) {
                    try await server.removePane(pane.address, of: id)
                }
                for name in Files.names(in: context.logs) where name.hasPrefix("\(id).tap") {
                    try Files.remove(context.logs.appending(name))  // of a program that never ran
                }
            }
            agent = try await start(agent, slug: slug, server: server)
            result = SpawnResult(
                outcome: .started, agent: agent, briefing: nil, madeBranch: tree.createdBranch,
                copied: files.copied, linked: files.linked, warnings: tree.warnings + files.warnings,
                isWatched: try context.isWatched())
            try await failIfCommandWasNotFound(agent, server: server)
        } catch {
            try await undo.run(after: error)
            throw error
        }
        try await brief(plan.briefing, &result, server: server)
        return result
    }

    /// Gives the new agent its names and writes it down: one spawn at a time, so that no two choose the same.
    private func register(
        _ request: SpawnRequest, branch: BranchName, panes: [PaneSnapshot], after killed: Agent?
    ) async throws -> (SpawnPlan, Agent, Slug) {
        let path = context.run.appending("names.lock")
        guard let lock = try await FileLock.acquire(path, within: .seconds(30)) else {
            throw FleetError.busy(what: "the names of agents", path: path)
        }
        defer { withExtendedLifetime(lock) {} }
        let id = killed?.id ?? AgentID(context.surroundings.ids.make("agent"))
        let slug = try await freeSlug(branch, for: id, among: panes)
        let plan = try SpawnPlan(request, id: id, slug: slug, context: context)
        try await checkConsent(plan, request)
        let now = context.surroundings.now()
        var agent = Agent(
            id: id, place: plan.place, program: plan.program,
            spawn: SpawnProgress(phase: .planned, spawner: spawner),
            condition: AgentCondition(.starting, since: now),
            createdAt: now)
        agent.spawn.madeBranch = killed?.spawn.madeBranch ?? false
        agent.spawn.madeWorktree = killed?.spawn.madeWorktree ?? false
        agent.place.baseCommit = killed?.place.baseCommit
        // Not before everything that can be refused was: a refusal must not make the leftovers nobody's.
        if killed != nil { try await context.store.discard(id) }
        try await context.store.insert(agent, at: now)
        return (plan, agent, slug)
    }

    /// The agent has a row: it lives, or its program or pane is gone and it is started again in its worktree.
    private func again(_ agent: Agent, _ request: SpawnRequest, server: TmuxServer) async throws
        -> SpawnResult
    {
        let own = agent.pane.flatMap { try? context.tmux(of: $0) }.map { TmuxServer($0) } ?? server
        let pane = try await own.pane(of: agent.id)
        let isWatched = try context.isWatched()
        var result = SpawnResult(
            outcome: .alreadyRunning, agent: agent, briefing: nil, madeBranch: false, copied: [], linked: [],
            warnings: [], isWatched: isWatched)
        if let pane, !pane.isDead {
            // Its spawn may have been killed before it wrote the pane down or delivered the briefing.
            if agent.spawn.phase == .session || agent.pane?.pane != pane.id
                || agent.pane?.server != pane.server
            {
                result.agent = try await record(pane, of: agent)
            }
            if agent.spawn.phase == .removing {
                try await context.store.setPhase(.ready, of: agent.id, spawner: nil)
            }
            guard result.agent.spawn.phase == .briefing else { return result }
            let text = try Briefing.text(for: result.agent, in: context)
            try await context.store.setPhase(.briefing, of: agent.id, spawner: spawner)
            try await brief(text, &result, server: own)
            return result
        }
        result.outcome = .restarted
        let plan = try SpawnPlan(
            request.filled(from: agent), id: agent.id, slug: slug(of: agent), context: context)
        if try await remakeWorktree(of: agent) {
            result.warnings.append("Its worktree was gone and was made again from the branch")
        }
        var updated = agent
        updated.program = plan.program
        let program = plan.program
        try await context.store.update(agent.id) { $0.program = program }
        let home = pane == nil ? server : own
        result.agent = try await restart(updated, in: pane, server: home)
        do {
            try await failIfCommandWasNotFound(result.agent, server: home)
        } catch FleetError.agentEndedAtOnce(let branch, let status, let screen, _) {
            // Nothing of it ran, so the next restart is of what ran before.
            try await context.store.update(agent.id) { [former = agent.program] agent in
                agent.program = former
                agent.spawn.spawner = nil
            }
            throw FleetError.agentEndedAtOnce(
                branch: branch, exitStatus: status, screen: screen, isKept: true)
        }
        try await brief(plan.briefing, &result, server: home)
        return result
    }

    var spawner: RecordedProcess? {
        ProcessTable.process(context.surroundings.processID).map {
            RecordedProcess($0.identity)
        }
    }

    /// A slug whose session and folder nobody has; a session that is not ours at all is refused later by name.
    private func freeSlug(_ branch: BranchName, for id: AgentID, among panes: [PaneSnapshot]) async throws
        -> Slug
    {
        let agents = try await context.store.agents().filter { $0.id != id }
        let prefix = context.configuration.tmux.prefix
        let ours = Set(panes.filter { $0.agent != nil }.map(\.session.rawValue))
        let sessions = Set(agents.map(\.place.session.rawValue)).union(ours)
        let folders = Set(agents.filter { !$0.place.usesMainCheckout }.map(\.place.worktree))
        let root = context.configuration.worktree.root
        let slug = Slug.free(for: branch) { slug in
            sessions.contains(prefix + slug.rawValue) || folders.contains(root.appending(slug.rawValue))
        }
        let name = SessionName(prefix + slug.rawValue)
        if panes.contains(where: { $0.session == name }) { throw FleetError.sessionTaken(name) }
        return slug
    }

    func slug(of agent: Agent) throws -> Slug {
        let prefix = context.configuration.tmux.prefix
        let name = agent.place.session.rawValue
        let rest = name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
        return try Slug(rawValue: rest) ?? Slug(BranchName(agent.place.branch))
    }
}

extension SpawnRequest {
    /// A restart goes on as the agent was, where nothing else is said.
    func filled(from agent: Agent) -> SpawnRequest {
        var request = self
        request.template = template ?? agent.program.template
        request.task = task ?? agent.program.task
        // Another profile is asked for its command.
        if profile == nil, agent.program.hasOwnCommand { request.startup = startup ?? agent.program.command }
        request.profile = profile ?? agent.program.profile
        request.model = model ?? agent.program.model
        request.usesMainCheckout = agent.place.usesMainCheckout
        return request
    }
}

/// What was made so far, to be taken back in reverse order.
final class UndoStack {
    private var steps: [(what: String, undo: @Sendable () async throws -> Void)] = []

    func push(_ what: String, _ undo: @escaping @Sendable () async throws -> Void) {
        steps.append((what, undo))
    }

    /// Takes everything back; what could not be is said in an error that keeps the first one as its cause.
    func run(after failure: any Error) async throws {
        var left: [String] = []
        for step in steps.reversed() {
            do {
                try await step.undo()
            } catch {
                let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                left.append("\(step.what): \(reason)")
            }
        }
        steps = []
        if !left.isEmpty { throw UndoFailure(leftovers: left, cause: failure) }
    }
}

/// A spawn failed, and so did a part of taking it back.
struct UndoFailure: UserFacingError {
    var leftovers: [String]
    var cause: (any Error)?

    var code: String { "undo_incomplete" }
    var message: String {
        "The spawn failed, and something of it is left: " + leftovers.joined(separator: "; ")
    }
    var hint: String? { "Run 'tmux-agent doctor' to see and clean up what is left" }
}
