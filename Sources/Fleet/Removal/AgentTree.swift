internal import Core
internal import GitKit
internal import Glibc
internal import ProcessKit
internal import Store
internal import SystemPackage

/// What git still has of an agent: its folder, its entry, its branch.
///
/// Any of them may be gone already.
struct AgentTree {
    let agent: Agent
    let branch: BranchName
    let context: FleetContext

    init(_ agent: Agent, context: FleetContext) throws {
        self.agent = agent
        branch = try BranchName(agent.place.branch)
        self.context = context
    }

    struct Look {
        /// The agent's folder, when git knows it.
        var worktree: FilePath?
        /// The commit that the folder's HEAD means.
        var head: CommitID?
        /// A folder in its place that git does not know: it is left alone.
        var unknownFolder: FilePath?
        var entry: String?
        /// The branch's commit when the branch is to be deleted.
        var branchToDelete: CommitID?
        var losses: [RemovalProof.Loss] = []
        var ignored: [String] = []

        var isSafe: Bool { losses.isEmpty && unknownFolder == nil }

        /// Only the branch's own commits would be lost, and only with the branch.
        var isKeptByBranch: Bool {
            guard let tip = branchToDelete, head == nil || head == tip else { return false }
            return losses.allSatisfy { if case .commits = $0 { true } else { false } }
        }
    }

    /// Looks at what is there and what would be lost; changes nothing.
    func look(keepsBranch: Bool) async throws -> Look {
        var look = Look()
        guard !agent.place.usesMainCheckout else { return look }
        let repository = context.repository
        let entry = try await entry()
        look.entry = entry?.name
        let commit = try await tip()
        // A branch that was there before the agent is the user's: it stays.
        let deletesBranch = !keepsBranch && agent.spawn.madeBranch && commit != nil
        if deletesBranch { look.branchToDelete = commit }
        guard let entry, !entry.isPrunable, Files.isFolder(entry.path) else {
            if let reason = entry?.lockReason { look.losses.append(.locked(reason: reason)) }
            if Files.exists(agent.place.worktree) { look.unknownFolder = agent.place.worktree }
            if deletesBranch {
                look.losses += try await repository.losses(ofDeleting: branch, keptBy: bases())
            }
            return look
        }
        look.worktree = entry.path
        look.head = entry.head?.commit
        let proof = try await repository.removalProof(
            worktree: entry.path, branch: commit == nil ? nil : branch, base: nil, others: bases(),
            keepsBranch: !deletesBranch)
        look.losses = proof.losses.compactMap { withoutPlacedFiles($0, in: entry.path) }
        look.ignored = proof.ignored
        return look
    }

    /// Keeps what would be lost in commits of its own; nothing when nothing would be.
    func rescue(_ look: Look) async throws -> [Rescue] {
        guard !look.losses.isEmpty else { return [] }
        let (slug, now) = (Slug(branch), context.surroundings.now())
        var kept: [Rescue] = []
        if let worktree = look.worktree {
            kept.append(
                try await context.repository.rescue(worktree: worktree, branch: branch, slug: slug, at: now))
        }
        // The rescue's parent is the folder's HEAD; a branch that is elsewhere is not in it.
        if let tip = look.branchToDelete, look.worktree == nil || look.head != tip {
            kept.append(try await context.repository.rescue(tipOf: branch, slug: slug, at: now))
        }
        return kept
    }

    struct Removed {
        var worktree: FilePath?
        var branch = false
        /// Why the branch is still there although it was to be deleted.
        var branchKept: String?
    }

    /// Removes what `look` found: the folder by a rename first, then the entry, then the branch.
    ///
    /// Killed in the middle, it leaves what the next call removes.
    func remove(_ look: Look) async throws -> Removed {
        var removed = Removed()
        guard !agent.place.usesMainCheckout else { return removed }
        let repository = context.repository
        let lock = try await RepositoryLock.acquire(for: repository.layout)
        defer { lock.release() }
        if let worktree = look.worktree {
            try await repository.deleteTree(try await repository.renameAway(worktree))
            removed.worktree = worktree
        }
        for folder in try await movedAway() {
            try await repository.deleteTree(folder)
            removed.worktree = removed.worktree ?? agent.place.worktree
        }
        if let entry = look.entry { try await prune(entry) }
        guard let commit = look.branchToDelete else { return removed }
        let failure = await failureOfDeleting(commit)
        switch failure {
        case nil: removed.branch = true
        case .branchNotFound: break
        case .branchMoved, .branchCheckedOut: removed.branchKept = failure?.message
        case .some(let other): throw other
        }
        return removed
    }

    /// Removes git's entry; git itself may have pruned it meanwhile.
    private func prune(_ entry: String) async throws {
        do {
            try await context.repository.pruneEntry(entry, evenIfLocked: true)
        } catch GitError.worktreeNotFound {
            return
        }
    }

    private func failureOfDeleting(_ commit: CommitID) async -> GitError? {
        do throws(GitError) {
            try await context.repository.deleteBranch(branch, expecting: commit)
            return nil
        } catch {
            return error
        }
    }

    private func entry() async throws -> WorktreeSnapshot? {
        let all = try await context.repository.worktrees().filter { !$0.isMain }
        let place = agent.place.worktree
        return all.first { $0.path == place }
            ?? all.first { PlacedFiles.real($0.path) == PlacedFiles.real(place) }
    }

    func hasBranch() async throws -> Bool { try await tip() != nil }

    private func tip() async throws -> CommitID? {
        guard case .local(let commit) = try await context.repository.lookUp(branch).place else { return nil }
        return commit
    }

    /// Where commits count as kept: the base that was named, and the main checkout's branch.
    private func bases() async throws -> [String] {
        let main = try await context.repository.mainBranch()?.reference
        let named = agent.place.base.flatMap { $0 == agent.place.branch ? nil : $0 }
        let all = [named, main, main == nil ? agent.place.baseCommit : nil].compactMap(\.self)
        return all.filter { $0 != branch.reference }
    }

    /// The folder that a killed removal had already moved out of the way.
    private func movedAway() async throws -> [FilePath] {
        let place = agent.place.worktree
        return await context.repository.removedFolders(in: place.removingLastComponent())
            .filter { $0.lastComponent == place.lastComponent }
    }

    /// What `spawn` itself put there is no work of anybody's, also where the branch does not ignore it.
    private func withoutPlacedFiles(_ loss: RemovalProof.Loss, in worktree: FilePath) -> RemovalProof.Loss? {
        guard case .untracked(let paths) = loss, let main = context.repository.layout.mainWorktree else {
            return loss
        }
        let placed = PlacedFiles(main: main, worktree: worktree)
        let rest = paths.filter { !placed.isPlaced($0) }
        return rest.isEmpty ? nil : .untracked(rest)
    }
}
