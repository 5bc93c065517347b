public import Core
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// A branch and its worktree go in this order, so that nothing is lost whatever happens in between:
/// `removalProof`, end the processes, `removalProof` again, `renameAway`, `deleteTree`, `pruneEntry`,
/// `deleteBranch`. Hold the repository's lock for all of it.
extension GitRepository {
    /// What removing the worktree, and its branch unless `keepsBranch`, would lose (git; branches by libgit2).
    ///
    /// Commits count as kept when they are in `base`, in one of `others` that exists, or on any remote as last
    /// seen. Ignored files are named but do not count. Takes no lock and changes nothing.
    public func removalProof(
        worktree: FilePath, branch: BranchName?, base: String?, others: [String] = [],
        keepsBranch: Bool = false
    ) async throws(GitError) -> RemovalProof {
        let gitDirectory = try gitDirectory(of: worktree)
        var losses: [RemovalProof.Loss] = []
        if let reason = Files.line(gitDirectory.appending("locked")) {
            losses.append(.locked(reason: reason))
        }
        if let operation = EntryFiles.operation(in: gitDirectory) { losses.append(.inProgress(operation)) }
        let status = try await statusDetails(of: worktree, ignored: true)
        if !status.conflicted.isEmpty { losses.append(.conflicted(status.conflicted)) }
        if !status.uncommitted.isEmpty { losses.append(.uncommitted(status.uncommitted)) }
        if !status.untracked.isEmpty { losses.append(.untracked(status.untracked)) }
        let submodules = try await submodulesAtRisk(in: worktree, status)
        if !submodules.isEmpty { losses.append(.submodules(submodules)) }

        var kept = try await kept(by: others)
        if let base { kept.append(try await resolve(base).rawValue) }
        var tip: CommitID?
        if let branch {
            let commit = try await self.tip(of: branch)
            tip = commit
            if !keepsBranch {
                let lost = try await commits(of: commit.rawValue, without: kept, limit: 20)
                if lost.total > 0 { losses.append(.commits(lost.newest, total: lost.total)) }
                let stashes = try await stashes(of: branch)
                if !stashes.isEmpty { losses.append(.stashes(stashes)) }
            }
        }
        // Commits that a detached HEAD alone holds; what the branch holds was counted with it.
        if let detached = CommitID(Files.line(gitDirectory.appending("HEAD")) ?? "") {
            kept += try await references(below: "refs/heads/").map(\.id.rawValue)
            let lost = try await commits(of: detached.rawValue, without: kept, limit: 20)
            if lost.total > 0 { losses.append(.commits(lost.newest, total: lost.total)) }
            tip = tip ?? detached
        }
        return RemovalProof(
            worktree: worktree, branch: branch, commit: tip, losses: losses, ignored: status.ignored)
    }

    /// What deleting a branch alone would lose; an empty list means nothing.
    ///
    /// For a branch whose worktree is gone already. Commits count as kept as in `removalProof`.
    public func losses(ofDeleting branch: BranchName, keptBy bases: [String]) async throws(GitError)
        -> [RemovalProof.Loss]
    {
        let commit = try await tip(of: branch)
        var losses: [RemovalProof.Loss] = []
        let lost = try await commits(of: commit.rawValue, without: try await kept(by: bases), limit: 20)
        if lost.total > 0 { losses.append(.commits(lost.newest, total: lost.total)) }
        let stashes = try await stashes(of: branch)
        if !stashes.isEmpty { losses.append(.stashes(stashes)) }
        return losses
    }

    /// The tips whose commits nobody loses: the remotes' branches, and those of `bases` that exist.
    private func kept(by bases: [String]) async throws(GitError) -> [String] {
        var kept = try await references(below: "refs/remotes/").map(\.id.rawValue)
        for base in bases {
            do throws(GitError) {
                kept.append(try await resolve(base).rawValue)
            } catch {
                // A base that was deleted keeps nothing, which only makes the proof stricter.
                guard case .revisionNotFound = error else { throw error }
            }
        }
        return kept
    }

    private func stashes(of branch: BranchName) async throws(GitError) -> [String] {
        guard try await commit(ofReference: "refs/stash") != nil else { return [] }
        let log = try await git.output(
            ["log", "--walk-reflogs", "-z", "--format=%gd: %gs", "refs/stash", "--"], in: place)
        return log.fields.filter { entry in
            // "stash@{0}: WIP on main: 1234567 subject" or "stash@{0}: On main: message"
            entry.contains(": WIP on \(branch): ") || entry.contains(": On \(branch): ")
        }
    }

    /// Submodules with uncommitted work or with commits that none of their remotes has.
    ///
    /// A linked worktree keeps its submodules' repositories in its own entry, so they go with it.
    private func submodulesAtRisk(in worktree: FilePath, _ status: StatusDetails) async throws(GitError)
        -> [String]
    {
        var found = status.dirtySubmodules
        let index = try await git.output(["ls-files", "--stage", "-z"], in: worktree)
        for field in index.fields where field.hasPrefix("160000 ") {
            guard let tab = field.firstIndex(of: "\t") else { continue }
            let path = String(field[field.index(after: tab)...])
            let folder = worktree.pushing(FilePath(path))
            guard !found.contains(path), Files.exists(folder.appending(".git")) else { continue }
            let unpushed = try await git.read(
                ["rev-list", "--max-count=1", "HEAD", "--branches", "--not", "--remotes", "--"], in: folder)
            if !unpushed.isSuccess || !unpushed.output.isEmpty { found.append(path) }
        }
        return found
    }

    /// Takes the worktree's folder out of everybody's sight and returns its new place beside the old one.
    ///
    /// A rename on one file system: whoever has a file open keeps it, nobody opens a new one by the old path.
    public func renameAway(_ folder: FilePath) throws(GitError) -> FilePath {
        guard isOwnWorktree(folder) else { throw .worktreeNotFound(folder.string) }
        guard let name = folder.lastComponent else { throw .worktreeNotFound(folder.string) }
        var number = 1
        while true {
            let holder = folder.removingLastComponent().appending("\(Self.removedPrefix)\(number)")
            if unsafe mkdir(holder.string, 0o700) == 0 {
                let target = holder.appending(name)
                if unsafe rename(folder.string, target.string) == 0 { return target }
                let reason = Errno(rawValue: errno)
                unsafe rmdir(holder.string)
                throw .fileSystem(operation: "move away", folder, reason)
            }
            guard errno == EEXIST else {
                throw .fileSystem(operation: "make the folder", holder, Errno(rawValue: errno))
            }
            number += 1
        }
    }

    private static let removedPrefix = ".tmux-agent-removed-"

    /// Folders that `renameAway` moved and nobody deleted, because the command was killed in between.
    public func removedFolders(in parent: FilePath) -> [FilePath] {
        Files.names(in: parent).filter { $0.hasPrefix(Self.removedPrefix) }.flatMap { holder in
            let names = Files.names(in: parent.appending(holder))
            return names.isEmpty
                ? [parent.appending(holder)] : names.map { parent.appending(holder).appending($0) }
        }
    }

    /// Deletes a folder that `renameAway` returned or `removedFolders` found, and nothing else.
    public func deleteTree(_ folder: FilePath) throws(GitError) {
        let holder = folder.removingLastComponent()
        if folder.lastComponent?.string.hasPrefix(Self.removedPrefix) == true {
            return try Files.removeTree(folder)
        }
        guard holder.lastComponent?.string.hasPrefix(Self.removedPrefix) == true else {
            throw .pathOutside(folder, root: holder)
        }
        try Files.removeTree(folder)
        unsafe rmdir(holder.string)
    }

    /// Removes the entry of a worktree whose folder is gone, as `git worktree prune` does for one.
    ///
    /// A locked one stays unless `evenIfLocked`.
    public func pruneEntry(_ name: String, evenIfLocked: Bool = false) throws(GitError) {
        guard let entry = EntryFiles.all(common: layout.commonDirectory).first(where: { $0.name == name })
        else {
            throw .worktreeNotFound(name)
        }
        if let path = entry.worktree, !entry.isMissing { throw .pathExists(path) }
        if let reason = entry.lockReason, !evenIfLocked {
            throw .worktreeLocked(entry.worktree ?? entry.folder, reason: reason)
        }
        try Files.removeTree(entry.folder)
        unsafe rmdir(layout.commonDirectory.appending("worktrees").string)
    }

    /// Deletes a branch and its settings if it is still at `commit` and nowhere checked out (libgit2, else git).
    public func deleteBranch(_ branch: BranchName, expecting commit: CommitID) async throws(GitError) {
        if let path = checkouts(of: branch).first { throw .branchCheckedOut(branch, at: path) }
        if layout.engine == .libgit2 {
            return try OpenRepository(at: place, isExact: true).deleteBranch(branch, expecting: commit)
        }
        guard let found = try await self.commit(ofReference: branch.reference) else {
            throw .branchNotFound(branch)
        }
        guard found == commit else { throw .branchMoved(branch, expected: commit, found: found) }
        try await git.change(["update-ref", "-d", branch.reference, commit.rawValue], in: place)
        // Fails when the branch has no settings, which is what is wanted.
        _ = try await git.run(["config", "--local", "--remove-section", "branch.\(branch)"], in: place)
    }
}
