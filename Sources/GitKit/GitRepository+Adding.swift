internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

extension GitRepository {
    /// Makes a branch if there is none, a worktree entry and a filled tree, or nothing at all.
    ///
    /// Branch and entry by libgit2; where it cannot open the repository, and for sparse patterns or
    /// `config.worktree`, the entry by `git worktree add --no-checkout`, which copies those. The tree is filled
    /// by `git reset --hard` with parallel workers, then the post-checkout hook runs as `git worktree add`
    /// would run it. A failure or a cancellation takes back what was made.
    ///
    /// The repository's lock is taken for the length of the call unless `lock` is given, held. What a killed
    /// call left behind is finished or removed first; if that was this very worktree and it turns out whole,
    /// it is the result. An entry whose folder is gone is pruned when it stands in the way.
    public func addWorktree(_ request: WorktreeRequest, holding lock: RepositoryLock? = nil)
        async throws(GitError) -> WorktreeAddition
    {
        let own = lock == nil ? try await RepositoryLock.acquire(for: layout) : nil
        defer { own?.release() }
        precondition(lock?.isHeld ?? true, "the repository's lock was released before the worktree was added")
        let folder = Files.real(request.folder)
        for (record, advice) in try await recover() where advice == .finish {
            if record.branch == request.branch, record.folder == folder { return record.addition }
        }
        let plan = try await plan(request, folder: folder)
        let record = plan.record
        try record.save(layout)
        do throws(GitError) {
            let hookStatus = try await make(plan, timeout: request.timeout)
            try record.remove(layout)
            var addition = record.addition
            addition.hookStatus = hookStatus
            return addition
        } catch {
            throw await undone(record, after: error)
        }
    }

    /// What will be made: everything that can be refused is refused here, before anything exists.
    private func plan(_ request: WorktreeRequest, folder: FilePath) async throws(GitError) -> WorktreePlan {
        guard folder.isAbsolute, !isAmongGitsFiles(folder) else {
            throw .pathOutside(request.folder, root: layout.mainWorktree ?? layout.commonDirectory)
        }
        let lookup = try await lookUp(request.branch)
        if let refusal = lookup.refusal { throw refusal }
        if Files.exists(folder) { throw .pathExists(folder) }
        let start = try await start(for: request, lookup)
        try pruneMissing(at: folder, branch: request.branch)
        var missing: [FilePath] = []
        var parent = folder.removingLastComponent()
        while !Files.exists(parent), parent.lastComponent != nil {
            missing.insert(parent, at: 0)
            parent.removeLastComponent()
        }
        // libgit2 would say so only once the branch is made, and of a path that nobody asked for.
        guard Files.isFolder(parent) else { throw .pathExists(parent) }
        guard unsafe access(parent.string, W_OK | X_OK) == 0 else {
            throw .fileSystem(operation: "make a worktree in", parent, Errno(rawValue: errno))
        }
        let entries = Files.names(in: layout.commonDirectory.appending("worktrees"))
        let name = Slug.free(named: request.name) { entries.contains($0.rawValue) }
        let record = MakingRecord(
            branch: request.branch, commit: start.commit, createdBranch: start.isNew,
            trackedRemote: start.remote?.remote, entry: name.rawValue, folder: folder, createdParents: missing
        )
        return WorktreePlan(record: record, base: start.base)
    }

    /// True below git's own folder.
    ///
    /// In a bare repository that is the repository itself: there, folders that begin with a
    /// dot are the user's, as git has none of that kind.
    private func isAmongGitsFiles(_ folder: FilePath) -> Bool {
        var relative = folder
        guard relative.removePrefix(layout.commonDirectory) else { return false }
        let isBare = layout.mainWorktree == nil
        return !(isBare && relative.components.first?.string.hasPrefix(".") == true)
    }

    private struct Start {
        var commit: CommitID
        var isNew: Bool
        var remote: RemoteBranch?
        /// For the branch's log.
        var base: String
    }

    private func start(for request: WorktreeRequest, _ lookup: BranchLookup) async throws(GitError) -> Start {
        func tracking(_ branch: RemoteBranch) -> Start {
            Start(commit: branch.commit, isNew: true, remote: branch, base: branch.trackingReference)
        }
        func existing(_ commit: CommitID) -> Start {
            Start(commit: commit, isNew: false, remote: nil, base: "")
        }
        switch (request.source, lookup.place) {
        case (.automatic, .local(let commit)), (.existing, .local(let commit)): return existing(commit)
        case (.automatic, .remoteTracking(let remotes)):
            guard remotes.count == 1, let remote = remotes.first else {
                throw .branchOnSeveralRemotes(request.branch, remotes: remotes.map(\.remote))
            }
            return tracking(remote)
        case (.tracking(let name), .remoteTracking(let remotes)):
            guard let remote = remotes.first(where: { $0.remote == name }) else {
                throw .revisionNotFound("\(name)/\(request.branch)")
            }
            return tracking(remote)
        case (.tracking(let name), .absent): throw .revisionNotFound("\(name)/\(request.branch)")
        case (.new, .local), (.tracking, .local): throw .branchExists(request.branch)
        case (.existing, .absent), (.existing, .remoteTracking): throw .branchNotFound(request.branch)
        case (.automatic(let base), .absent), (.new(let base), .absent), (.new(let base), .remoteTracking):
            if let base {
                return Start(commit: try await resolve(base), isNew: true, remote: nil, base: base)
            }
            let head = try await head()
            if case .unborn(let branch) = head { throw .noCommits(branch: branch) }
            guard let commit = head.commit else { throw .revisionNotFound("HEAD") }
            return Start(commit: commit, isNew: true, remote: nil, base: "HEAD")
        }
    }

    /// Removes entries of worktrees whose folder was deleted by hand, where they block this name or place.
    private func pruneMissing(at folder: FilePath, branch: BranchName) throws(GitError) {
        for entry in EntryFiles.all(common: layout.commonDirectory) where entry.isMissing {
            guard let path = entry.worktree, entry.lockReason == nil else { continue }
            if path == folder || entry.head == "ref: \(branch.reference)" {
                try Files.removeTree(entry.folder)
            }
        }
    }

    /// Makes what the plan says, step by step; the answer is the hook's exit status.
    private func make(_ plan: WorktreePlan, timeout: Duration) async throws(GitError) -> Int32? {
        let record = plan.record
        _ = try Files.makeFolders(record.folder.removingLastComponent())
        if record.createdBranch { try await createBranch(record.branch, at: record.commit, from: plan.base) }
        if let remote = record.trackedRemote { try await follow(remote, record.branch) }
        if layout.binaryEntryReason == nil {
            try addEntryByLibrary(record)
        } else {
            try await git.change(
                [
                    "worktree", "add", "--quiet", "--no-checkout", "--", record.folder.string,
                    record.branch.rawValue,
                ],
                in: place)
        }
        try await fill(record.folder, timeout: timeout)
        return try await runPostCheckout(record, timeout: timeout)
    }

    private func addEntryByLibrary(_ record: MakingRecord) throws(GitError) {
        let repository = try OpenRepository(at: place, isExact: true)
        try repository.addEntry(record.entry, at: record.folder, on: record.branch)
        let entry = EntryFiles(record.entry, common: layout.commonDirectory)
        // libgit2 leaves an index without entries, which would look like a tree with every file deleted.
        try Files.removeFile(entry.folder.appending("index"))
        // It also writes an absolute path, and a copy of the repository would then change the original.
        try Files.write(
            "../..\n", to: entry.folder.appending("commondir"), permissions: .init(rawValue: 0o644))
    }

    private func createBranch(_ branch: BranchName, at commit: CommitID, from base: String)
        async throws(GitError)
    {
        if layout.engine == .libgit2 {
            return try OpenRepository(at: place, isExact: true).createBranch(branch, at: commit, from: base)
        }
        try await git.change(
            [
                "update-ref", "--create-reflog", "-m", "branch: Created from \(base)", branch.reference,
                commit.rawValue, layout.objectFormat.zero,
            ], in: place)
    }

    private func follow(_ remote: String, _ branch: BranchName) async throws(GitError) {
        let values = [("remote", remote), ("merge", branch.reference)]
        for (key, value) in values {
            let key = "branch.\(branch).\(key)"
            if layout.engine == .libgit2 {
                try OpenRepository(at: place, isExact: true).setConfiguration(key, to: value)
            } else {
                try await git.change(["config", "--local", key, value], in: place)
            }
        }
    }

    private func fill(_ folder: FilePath, timeout: Duration) async throws(GitError) {
        // Two for a core: one unpacks while the other waits for files or for its next share. Measured with 30,000 files
        // in memory, beside `git worktree add`: one for a core 1.02, two 0.84; with 2,000 files both 1.19.
        let workers = min(16, 2 * max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        try await git.change(
            ["-c", "checkout.workers=\(workers)", "reset", "--hard", "--quiet", "--no-recurse-submodules"],
            in: folder, timeout: timeout)
    }

    private func runPostCheckout(_ record: MakingRecord, timeout: Duration) async throws(GitError) -> Int32? {
        var hooks = layout.commonDirectory.appending("hooks")
        let configured = try await hooksPath(seenFrom: record.folder)
        if let configured { hooks = record.folder.pushing(configured) }
        let hook = hooks.appending("post-checkout")
        guard Files.exists(hook), unsafe access(hook.string, X_OK) == 0 else { return nil }
        let command = Command(
            hook.string, [layout.objectFormat.zero, record.commit.rawValue, "1"],
            environment: git.userEnvironment,
            workingDirectory: record.folder, timeout: timeout)
        do {
            return try await CommandRunner().run(command).exitCode
        } catch .cancelled {
            throw .process(.cancelled)
        } catch {
            // It could not be started: what a shell says then.
            return 126
        }
    }

    private func hooksPath(seenFrom folder: FilePath) async throws(GitError) -> FilePath? {
        let path: String? = try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.configuration(matching: "^core\\.hookspath$").last?.value ?? ""
        }) { () async throws(GitError) in
            try await self.git.read(["config", "--type=path", "--get", "core.hooksPath"], in: folder)
                .firstLine
        }
        guard let path, !path.isEmpty else { return nil }
        guard path.hasPrefix("~/"), let home = git.environment["HOME"] else { return FilePath(path) }
        return FilePath(home).pushing(FilePath(String(path.dropFirst(2))))
    }
}

/// What `addWorktree` is about to make.
struct WorktreePlan {
    let record: MakingRecord
    let base: String
}
