internal import Core
public import GitKit
internal import ProcessKit
internal import Store
public import SystemPackage
internal import TmuxKit

/// What `rm` is asked for.
public struct RemovalRequest: Sendable {
    public var name: String
    public var keepsBranch: Bool
    public var isForced: Bool

    public init(name: String, keepsBranch: Bool = false, isForced: Bool = false) {
        self.name = name
        self.keepsBranch = keepsBranch
        self.isForced = isForced
    }
}

/// What `rm` did.
public struct RemovalResult: Sendable {
    public var branch: String
    public var endedProcesses = 0
    public var removedWorktree: FilePath?
    public var deletedBranch = false
    /// The branch is there still, as it was to be kept or could not be deleted.
    public var keptBranch = false
    /// Why the branch is still there although it was to be deleted.
    public var branchKept: String?
    /// Where unfinished work was kept.
    public var rescues: [Rescue] = []
    /// Ignored files that went with the worktree.
    public var ignored: [String] = []
    /// A folder in the worktree's place that git does not know: it was left alone.
    public var leftFolder: FilePath?
    /// What the agent printed; it is deleted after a week.
    public var log: FilePath?
}

/// Removes an agent with everything that belongs to it, and never anything that exists nowhere else.
///
/// The order: prove that nothing is lost, end the processes, prove again (they may have written meanwhile), rename the
/// folder away, delete. A killed removal is finished by running it again.
public struct Remover: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    public func remove(_ request: RemovalRequest) async throws -> RemovalResult {
        let named = try await context.store.agent(named: request.name)
        let lock = try context.agentLock(branch: named.place.branch)
        defer { withExtendedLifetime(lock) {} }
        // Whoever had the lock before may have removed or restarted it.
        let agent = try await context.store.agent(named: named.id.rawValue)
        if agent.spawn.phase != .removing { try await refuseIfBusy(agent, request) }
        // Files that a killed spawn did not come to write are not missing work.
        if agent.spawn.phase.isBeforeStart { try await clearLeftover(of: agent) }
        return try await remove(agent, request)
    }

    /// Removes without asking what the agent does; the agent's lock is held.
    func remove(_ agent: Agent, _ request: RemovalRequest) async throws -> RemovalResult {
        let tree = try AgentTree(agent, context: context)
        var result = RemovalResult(branch: agent.place.branch)
        try require(await tree.look(keepsBranch: request.keepsBranch), agent, request)
        try await context.store.setPhase(.removing, of: agent.id, spawner: nil)
        let look: AgentTree.Look
        do {
            result.endedProcesses = try await endProcesses(of: agent)
            look = try await tree.look(keepsBranch: request.keepsBranch)
            try require(look, agent, request)
            result.rescues = try await tree.rescue(look)
        } catch {
            // Nothing of it was removed: it is an agent again, though its program has ended.
            try await context.store.setPhase(.ready, of: agent.id, spawner: nil)
            throw error
        }
        let removed = try await tree.remove(look)
        result.removedWorktree = removed.worktree
        result.deletedBranch = removed.branch
        result.branchKept = removed.branchKept
        if !removed.branch { result.keptBranch = try await tree.hasBranch() }
        result.leftFolder = look.unknownFolder
        result.ignored = result.rescues.first?.ignoredNotKept ?? look.ignored
        result.log = agent.tap.flatMap { Files.exists($0) ? $0 : nil }
        try await context.store.remove(agent.id, at: context.surroundings.now())
        try await AgentLogs(context: context).sweep()
        return result
    }

    /// An agent in the middle of its work is not removed by a slip of the hand.
    private func refuseIfBusy(_ agent: Agent, _ request: RemovalRequest) async throws {
        guard !request.isForced else { return }
        let looks = try await PaneLookup(agents: [agent], context: context).find(readScreens: true)
        guard let look = looks[agent.id], !look.pane.isDead, look.shownState == .working else { return }
        throw FleetError.agentWorks(branch: agent.place.branch)
    }

    private func require(_ look: AgentTree.Look, _ agent: Agent, _ request: RemovalRequest) throws {
        guard !look.isSafe, !request.isForced else { return }
        let words = look.losses.map(\.words)
        guard !words.isEmpty else {
            throw FleetError.worktreeUnknownToGit(
                branch: agent.place.branch, look.unknownFolder ?? agent.place.worktree)
        }
        throw FleetError.wouldLose(
            branch: agent.place.branch, losses: words, isKeptByBranch: look.isKeptByBranch)
    }

    /// Ends the program, what it started, and orphans that carry the agent's id; removes its pane.
    private func endProcesses(of agent: Agent) async throws -> Int {
        // A spawn that was killed may have made a session that nobody wrote down.
        let server = TmuxServer(try agent.pane.map { try context.tmux(of: $0) } ?? context.tmux())
        let pane = try await server.pane(of: agent.id)
        let root = pane?.program()?.identity
        let report = await ProcessEnder().endAgent(
            root: root, mark: .agent(agent.id), notBefore: agent.firstTick(now: context.surroundings.now()))
        if let pane { try await server.removePane(pane.address, of: agent.id) }
        guard report.isComplete else {
            throw FleetError.processesStillThere(branch: agent.place.branch, pids: report.left.map(\.pid))
        }
        return report.ended.count
    }
}

extension Remover {
    /// Ends what a killed spawn left running, such as a setup command.
    func endOrphans(of agent: Agent) async throws {
        let start = agent.firstTick(now: context.surroundings.now())
        let report = await ProcessEnder().endAgent(root: nil, mark: .agent(agent.id), notBefore: start)
        guard report.isComplete else {
            throw FleetError.processesStillThere(branch: agent.place.branch, pids: report.left.map(\.pid))
        }
    }

    /// Takes away what a killed spawn left half-made, and ends what it left running.
    ///
    /// Throws ``FleetError/leftoverBusy(branch:pid:)`` while git still writes there.
    func clearLeftover(of agent: Agent) async throws {
        try await endOrphans(of: agent)
        let branch = agent.place.branch
        let leftovers = try await context.repository.recoverLeftovers()
        if case .wait(let pid)? = leftovers.first(where: { $0.branch?.rawValue == branch })?.advice {
            throw FleetError.leftoverBusy(branch: branch, pid: pid)
        }
    }
}

extension SpawnProgress.Phase {
    /// The agent's program never ran.
    var isBeforeStart: Bool {
        switch self {
        case .planned, .branch, .worktree, .setup: true
        case .session, .briefing, .ready, .removing: false
        }
    }
}

extension ProcessMark {
    static func agent(_ id: AgentID) -> ProcessMark { ProcessMark(name: "TMUX_AGENT_ID", value: id.rawValue) }
}

extension Agent {
    /// Nothing that runs for this agent is older: processes of its earlier starts count too.
    func firstTick(now: Timestamp) -> UInt64 {
        let ticks = ProcessTable.ticks(at: createdAt, now: now)
        // The wall clock is compared with the kernel's: two seconds are more than the two can differ.
        return ticks - min(ticks, 2 * ProcessTable.ticksPerSecond)
    }
}

extension RemovalProof.Loss {
    /// In words for a person; long lists are cut.
    public var words: String {
        func list(_ items: [String]) -> String {
            items.prefix(5).map(\.visible).joined(separator: ", ") + (items.count > 5 ? ", …" : "")
        }
        return switch self {
        case .uncommitted(let paths): "\(paths.count) uncommitted: \(list(paths))"
        case .untracked(let paths): "\(paths.count) untracked: \(list(paths))"
        case .conflicted(let paths): "\(paths.count) conflicted: \(list(paths))"
        case .commits(let commits, let total):
            "\(total) commit\(total == 1 ? "" : "s") neither merged nor pushed: "
                + list(commits.map { "\($0.id.short) \($0.subject)" })
        case .stashes(let names):
            "\(names.count) stash \(names.count == 1 ? "entry" : "entries"): \(list(names))"
        case .locked(let reason): "the worktree is locked\(reason.isEmpty ? "" : ": \(reason.visible)")"
        case .inProgress(let operation): "a \(operation.rawValue) is in progress"
        case .submodules(let paths): "submodules with work of their own: \(list(paths))"
        }
    }
}
