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
    public var endedProcesses: Int
    public var removedWorktree: FilePath?
    public var deletedBranch: Bool
    /// Where unfinished work was kept.
    public var rescue: Rescue?
    /// Ignored files that went with the worktree.
    public var ignored: [String]
}

/// Removes an agent with everything that belongs to it, and never anything that exists nowhere else.
///
/// The order: prove that nothing is lost, end the processes, prove again (they may have written meanwhile), rename the
/// folder away, delete. A killed removal is finished by running it again.
public struct Remover: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    public func remove(_ request: RemovalRequest) async throws -> RemovalResult {
        let agent = try await context.store.agent(named: request.name)
        let branch = try BranchName(agent.place.branch)
        let lock = try context.agentLock(branch: branch.rawValue)
        defer { withExtendedLifetime(lock) {} }
        // A branch that was there before the agent is the user's: it stays.
        let keepsBranch = request.keepsBranch || !agent.spawn.madeBranch || agent.place.usesMainCheckout
        var result = RemovalResult(
            branch: branch.rawValue, endedProcesses: 0, removedWorktree: nil, deletedBranch: false,
            rescue: nil,
            ignored: [])
        try await refuseIfBusy(agent, request)
        _ = try await prove(agent, branch: branch, keepsBranch: keepsBranch, request)
        try await context.store.setPhase(.removing, of: agent.id, spawner: nil)
        result.endedProcesses = try await endProcesses(of: agent)
        if let proof = try await prove(agent, branch: branch, keepsBranch: keepsBranch, request) {
            result.ignored = proof.ignored
            if !proof.isSafe {
                result.rescue = try await context.repository.rescue(
                    worktree: proof.worktree, branch: branch, slug: Slug(branch),
                    at: context.surroundings.now())
            }
            try await removeTree(proof, agent: agent, keepsBranch: keepsBranch, &result)
        }
        try await context.store.remove(agent.id, at: context.surroundings.now())
        return result
    }

    /// An agent in the middle of its work is not removed by a slip of the hand.
    private func refuseIfBusy(_ agent: Agent, _ request: RemovalRequest) async throws {
        guard !request.isForced else { return }
        let snapshot = try await SessionList(context: context).load().first { $0.agent.id == agent.id }
        guard snapshot?.state == .working else { return }
        throw FleetError.wouldLose(branch: agent.place.branch, losses: ["the agent is working"])
    }

    /// Nil when there is no worktree of its own to remove.
    private func prove(
        _ agent: Agent, branch: BranchName, keepsBranch: Bool, _ request: RemovalRequest
    ) async throws -> RemovalProof? {
        let worktree = agent.place.worktree
        guard !agent.place.usesMainCheckout else { return nil }
        guard Files.isFolder(worktree) else { return nil }
        let base = try await context.repository.mainBranch()?.rawValue ?? agent.place.baseCommit
        let proof = try await context.repository.removalProof(
            worktree: worktree, branch: branch, base: agent.place.base ?? base, keepsBranch: keepsBranch)
        guard proof.isSafe || request.isForced else {
            throw FleetError.wouldLose(branch: branch.rawValue, losses: proof.losses.map(\.words))
        }
        return proof
    }

    /// Ends the program, what it started, and orphans that carry the agent's id.
    private func endProcesses(of agent: Agent) async throws -> Int {
        guard let recorded = agent.pane else { return 0 }
        let server = TmuxServer(try context.tmux(of: recorded))
        let pane = try await server.pane(of: agent.id)
        let root = pane.flatMap { $0.isDead ? nil : ProcessTable.process($0.pid)?.identity }
        let start = recorded.process?.identity.startTicks ?? 0
        let report = await ProcessEnder().endAgent(
            root: root, mark: ProcessMark(name: "TMUX_AGENT_ID", value: agent.id.rawValue), notBefore: start)
        if let pane { try await server.removePane(pane.address, of: agent.id) }
        guard report.isComplete else {
            throw FleetError.processesStillThere(branch: agent.place.branch, pids: report.left.map(\.pid))
        }
        return report.ended.count
    }

    private func removeTree(
        _ proof: RemovalProof, agent: Agent, keepsBranch: Bool, _ result: inout RemovalResult
    ) async throws {
        let repository = context.repository
        let lock = try await RepositoryLock.acquire(for: repository.layout)
        defer { lock.release() }
        let entry = try await repository.worktrees().first { $0.path == proof.worktree }?.name
        let away = try await repository.renameAway(proof.worktree)
        try await repository.deleteTree(away)
        if let entry { try await repository.pruneEntry(entry, evenIfLocked: true) }
        result.removedWorktree = proof.worktree
        guard !keepsBranch, let branch = proof.branch, let commit = proof.commit else { return }
        try await repository.deleteBranch(branch, expecting: commit)
        result.deletedBranch = true
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
        case .stashes(let names): "\(names.count) stash entries: \(list(names))"
        case .locked(let reason): "the worktree is locked\(reason.isEmpty ? "" : ": \(reason.visible)")"
        case .inProgress(let operation): "a \(operation.rawValue) is in progress"
        case .submodules(let paths): "submodules with work of their own: \(list(paths))"
        }
    }
}
