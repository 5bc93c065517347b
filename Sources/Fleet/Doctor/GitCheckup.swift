internal import Core
internal import GitKit
internal import Glibc
internal import ProcessKit
internal import Store
internal import SystemPackage

/// Looks for worktrees, entries and folders below the fleet's worktree folder that no agent has.
struct GitCheckup {
    private let context: FleetContext
    private let agents: [Agent]
    /// The agents' worktrees, as they are written down and as they really lie.
    private let places: Set<FilePath>

    init(context: FleetContext, agents: [Agent]) {
        self.context = context
        self.agents = agents
        let worktrees = agents.filter { !$0.place.usesMainCheckout }.map(\.place.worktree)
        places = Set(worktrees).union(worktrees.map(PlacedFiles.real))
    }

    /// Nothing is looked at while another command changes worktrees: its work would look like a leftover.
    func findings(_ busy: inout [String]) async throws -> [Finding] {
        let lock: RepositoryLock
        do {
            lock = try await RepositoryLock.acquire(for: context.repository.layout, timeout: .seconds(2))
        } catch GitError.lockTimeout {
            busy.append("worktrees")
            return []
        }
        defer { lock.release() }
        return try await leftovers() + worktrees() + removedFolders() + unknownFolders()
    }

    private var root: FilePath { context.configuration.worktree.root }

    private func isAgents(_ path: FilePath) -> Bool {
        places.contains(path) || places.contains(PlacedFiles.real(path))
    }

    /// What killed commands left half made; those of an agent's row are that row's finding.
    private func leftovers() async throws -> [Finding] {
        let repository = context.repository
        return try await repository.leftovers().compactMap { leftover -> Finding? in
            let name = leftover.branch?.rawValue ?? leftover.entry
            if agents.contains(where: { $0.place.branch == name && $0.spawn.phase != .ready }) { return nil }
            let problem = "A command that was killed left the worktree of '\(name)' half made"
            switch leftover.advice {
            case .finish, .remove:
                let word =
                    leftover.advice == .finish
                    ? "Finish it: it is whole" : "Remove it: nobody has worked in it"
                return Finding(.halfMadeWorktree, name, problem, remedy: word) {
                    _ = try await repository.recoverLeftovers()
                }
            case .wait(let pid):
                return Finding(
                    .halfMadeWorktree, name, problem, remedy: "Wait for process \(pid), which works in it")
            case .keep(let reason):
                return Finding(
                    .halfMadeWorktree, name, "\(problem), and \(reason)",
                    remedy: "Save what is needed, then 'git worktree remove --force'")
            }
        }
    }

    private func worktrees() async throws -> [Finding] {
        var found: [Finding] = []
        let real = PlacedFiles.real(root)
        let half = Set(try await context.repository.leftovers().map(\.entry))
        for worktree in try await context.repository.worktrees() where !worktree.isMain {
            guard worktree.path.isWithin(real) || worktree.path.isWithin(root),
                let name = worktree.name, !half.contains(name), !isAgents(worktree.path)
            else { continue }
            found.append(try await finding(worktree, name))
        }
        return found
    }

    private func finding(_ worktree: WorktreeSnapshot, _ name: String) async throws -> Finding {
        let repository = context.repository
        let branch = worktree.branch?.rawValue ?? name
        if worktree.isPrunable {
            return Finding(
                .staleEntry, name, "Git knows a worktree whose folder is gone: \(worktree.path)",
                remedy: "Remove git's entry"
            ) {
                let lock = try await RepositoryLock.acquire(for: repository.layout)
                defer { lock.release() }
                try await repository.pruneEntry(name)
            }
        }
        let problem = "The worktree of '\(branch)' has no agent: \(worktree.path)"
        let proof = try await self.proof(worktree)
        guard proof?.isSafe == true else {
            let adopt = "'tmux-agent spawn \(branch)' makes it an agent's"
            let why = proof.map { $0.losses.map(\.words).joined(separator: "; ") } ?? "a process works in it"
            return Finding(.strayWorktree, branch, "\(problem) (\(why))", remedy: adopt)
        }
        return Finding(
            .strayWorktree, branch, problem,
            remedy:
                "Remove it and keep the branch: nothing is only there ('tmux-agent spawn \(branch)' adopts it)"
        ) {
            let lock = try await RepositoryLock.acquire(for: repository.layout)
            defer { lock.release() }
            guard try await self.proof(worktree)?.isSafe == true else { return }
            try await repository.deleteTree(try await repository.renameAway(worktree.path))
            try await repository.pruneEntry(name, evenIfLocked: false)
        }
    }

    /// What removing the folder alone would lose; its branch stays.
    ///
    /// Ignored files count: nobody has named them.
    private func proof(_ worktree: WorktreeSnapshot) async throws -> RemovalProof? {
        guard Files.isFolder(worktree.path), !Self.isInUse(worktree.path) else { return nil }
        let proof = try await context.repository.removalProof(
            worktree: worktree.path, branch: worktree.branch, base: nil, keepsBranch: true)
        return proof.ignored.isEmpty
            ? proof
            : RemovalProof(
                worktree: proof.worktree, branch: proof.branch, commit: proof.commit,
                losses: proof.losses + [.untracked(proof.ignored)], ignored: [])
    }

    private static func isInUse(_ folder: FilePath) -> Bool {
        ProcessTable().processes.keys.contains { pid in
            pid != getpid() && ProcessTable.workingFolder(of: pid)?.isWithin(folder) == true
        }
    }

    private func removedFolders() async throws -> [Finding] {
        let repository = context.repository
        let removing = Set(
            agents.filter { $0.spawn.phase == .removing }.map { $0.place.worktree.lastComponent })
        return await repository.removedFolders(in: root).filter { !removing.contains($0.lastComponent) }
            .map { folder in
                Finding(
                    .removedFolder, folder.string, "A removed worktree was not deleted to its end: \(folder)",
                    remedy: "Delete it: it was proven that nothing is lost"
                ) {
                    let lock = try await RepositoryLock.acquire(for: repository.layout)
                    defer { lock.release() }
                    if Files.exists(folder) { try await repository.deleteTree(folder) }
                }
            }
    }

    private func unknownFolders() async throws -> [Finding] {
        let known = try await context.repository.worktrees().map(\.path)
        let half = try await context.repository.leftovers().compactMap(\.folder)
        let real = PlacedFiles.real(root)
        return Files.names(in: root).filter { !$0.hasPrefix(".") }.compactMap { name -> Finding? in
            let folder = root.appending(name)
            let path = real.appending(name)
            guard !(known + half).contains(path), !(known + half).contains(folder), !isAgents(folder) else {
                return nil
            }
            let problem = "Git does not know this as a worktree: \(folder)"
            guard Files.isFolder(folder), Files.linkTarget(folder) == nil, Files.names(in: folder).isEmpty
            else {
                return Finding(
                    .unknownFolder, name, problem, remedy: "Look what it is, and move or delete it by hand")
            }
            return Finding(
                .unknownFolder, name, "\(problem) (it is empty)", remedy: "Delete the empty folder"
            ) {
                guard unsafe rmdir(folder.string) == 0 || errno == ENOENT else {
                    throw Errno(rawValue: errno)
                }
            }
        }
    }
}
