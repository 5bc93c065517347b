internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

extension GitRepository {
    /// Takes away what `addWorktree` made: folder, entry, branch and folders above that are empty again.
    ///
    /// A branch that has moved since keeps its new commits and stays; the error says so after the rest is
    /// done. Everything in the folder goes: call it only before an agent has worked there. Files and branch by
    /// libgit2, else git.
    public func undo(_ addition: WorktreeAddition, holding lock: RepositoryLock? = nil) async throws(GitError)
    {
        let own = lock == nil ? try await RepositoryLock.acquire(for: layout) : nil
        defer { own?.release() }
        try await remove(MakingRecord(addition))
    }

    /// Undoes after `error` and returns the error to throw.
    func undone(_ record: MakingRecord, after error: GitError) async -> GitError {
        // The caller may be cancelled, and a cancelled task runs no process to its end. The task's end is
        // awaited here, so nothing outlives the call.
        let undoing = Task(operation: { () async -> GitError? in
            do throws(GitError) {
                try await self.remove(record)
                return nil
            } catch {
                return error
            }
        })
        guard let failure = await undoing.value else { return error }
        return .undoIncomplete(after: error.message, leftovers: [failure.message])
    }

    /// Removes what `record` says was or was going to be made, and then the record.
    ///
    /// The order is the reverse of making, so that what is left after a kill in the middle is again something
    /// that this can remove.
    func remove(_ record: MakingRecord) async throws(GitError) {
        // Somebody may have put something there after it was found free: then it is not ours to remove.
        if isOwnWorktree(record.folder) {
            try Files.removeTree(record.folder, last: ".git")
        } else {
            // A kill between the making of the link to the entry and its writing leaves it empty.
            let link = record.folder.appending(".git")
            if Files.names(in: record.folder) == [".git"], (Files.line(link) ?? "").isEmpty {
                unsafe unlink(link.string)
            }
            unsafe rmdir(record.folder.string)
        }
        for entry in entries(of: record) { try Files.removeTree(entry.folder) }
        // Git removes the folder of entries with the last of them.
        unsafe rmdir(layout.commonDirectory.appending("worktrees").string)
        for folder in record.createdParents.reversed() { unsafe rmdir(folder.string) }
        var moved: GitError?
        if record.createdBranch {
            do throws(GitError) {
                try await deleteBranch(record.branch, expecting: record.commit)
            } catch {
                switch error {
                case .branchNotFound: break
                case .branchMoved: moved = error
                default: throw error
                }
            }
        }
        try record.remove(layout)
        if let moved { throw moved }
    }

    /// True when the folder's `.git` file leads to an entry of this repository.
    func isOwnWorktree(_ folder: FilePath) -> Bool {
        guard let link = Files.line(folder.appending(".git")), link.hasPrefix("gitdir: ") else {
            return false
        }
        let target = Files.real(folder.pushing(FilePath(String(link.dropFirst("gitdir: ".count)))))
        return target.isWithin(layout.commonDirectory.appending("worktrees"))
    }

    /// The entries that the record's worktree may have: by place, and by name while half made.
    private func entries(of record: MakingRecord) -> [EntryFiles] {
        EntryFiles.all(common: layout.commonDirectory).filter { entry in
            if let worktree = entry.worktree { return worktree == record.folder }
            return entry.name == record.entry || entry.name == record.folder.lastComponent?.string
        }
    }

    /// What commands that were killed while adding a worktree left behind, and what would be done about it.
    ///
    /// Reads git's and tmux-agent's own files. While another process holds the lock, its work looks like a
    /// leftover: hold the lock to be sure.
    public func leftovers() async throws(GitError) -> [WorktreeLeftover] {
        var found: [WorktreeLeftover] = []
        let records = MakingRecord.all(layout)
        for record in records {
            found.append(
                WorktreeLeftover(
                    branch: record.branch, entry: record.entry, folder: record.folder,
                    advice: try await advice(for: record)))
        }
        found += MakingRecord.drafts(layout).map {
            WorktreeLeftover(branch: nil, entry: $0, folder: nil, advice: .remove)
        }
        for entry in EntryFiles.all(common: layout.commonDirectory) where entry.isBroken {
            guard !records.contains(where: { entries(of: $0).contains { $0.name == entry.name } }) else {
                continue
            }
            let isStarting = entry.lockReason == "initializing"
            found.append(
                WorktreeLeftover(
                    branch: nil, entry: entry.name, folder: entry.worktree,
                    advice: isStarting ? .keep(reason: "git is making it, or was killed doing so") : .remove))
        }
        return found
    }

    /// Finishes or removes every leftover for which that is safe, and says what each was.
    ///
    /// Takes the lock unless `lock` is given, held.
    public func recoverLeftovers(holding lock: RepositoryLock? = nil) async throws(GitError)
        -> [WorktreeLeftover]
    {
        let own = lock == nil ? try await RepositoryLock.acquire(for: layout) : nil
        defer { own?.release() }
        let found = try await leftovers()
        _ = try await recover()
        let removable = Set(found.filter { $0.branch == nil && $0.advice == .remove }.map(\.entry))
        for entry in EntryFiles.all(common: layout.commonDirectory)
        where entry.isBroken && removable.contains(entry.name) {
            try Files.removeTree(entry.folder)
        }
        return found
    }

    /// Finishes or removes what the records of killed makers name.
    func recover() async throws(GitError) -> [(record: MakingRecord, advice: WorktreeLeftover.Advice)] {
        try MakingRecord.removeDrafts(layout)
        var handled: [(record: MakingRecord, advice: WorktreeLeftover.Advice)] = []
        for record in MakingRecord.all(layout) {
            let advice = try await advice(for: record)
            switch advice {
            case .finish: try record.remove(layout)
            case .remove:
                try removeBranchLock(of: record)
                do throws(GitError) {
                    try await remove(record)
                } catch {
                    // The rest is removed; the branch has somebody's commits and is theirs now.
                    guard case .branchMoved = error else { throw error }
                }
            case .wait, .keep: break
            }
            handled.append((record, advice))
        }
        return handled
    }

    /// A kill inside the writing of the branch leaves its lock file, which nobody else would ever take away.
    ///
    /// One that is older than the record is somebody else's.
    private func removeBranchLock(of record: MakingRecord) throws(GitError) {
        guard record.createdBranch else { return }
        let lock = layout.commonDirectory.pushing(FilePath("\(record.branch.reference).lock"))
        var (own, found) = (stat(), stat())
        guard unsafe lstat(record.path(layout).string, &own) == 0,
            unsafe lstat(lock.string, &found) == 0,
            (found.st_mtim.tv_sec, found.st_mtim.tv_nsec) >= (own.st_mtim.tv_sec, own.st_mtim.tv_nsec)
        else { return }
        try Files.removeFile(lock)
    }

    private func advice(for record: MakingRecord) async throws(GitError) -> WorktreeLeftover.Advice {
        // The maker's git may have outlived it and still be writing.
        if let pid = Self.process(workingIn: record.folder) {
            return .wait(pid: pid)
        }
        guard Files.exists(record.folder) else { return .remove }
        guard let entry = entries(of: record).first(where: { !$0.isBroken && !$0.isMissing }) else {
            let files = Files.names(in: record.folder).filter { $0 != ".git" }
            return files.isEmpty ? .remove : .keep(reason: "it holds files, but git does not know it")
        }
        if entry.isFilled, !Files.exists(entry.folder.appending("index.lock")) { return .finish }
        let foreign = try await foreignFile(in: record)
        return foreign.map { .keep(reason: "'\($0)' in it is not from the branch") } ?? .remove
    }

    /// A file in a half-filled tree that its commit does not have.
    private func foreignFile(in record: MakingRecord) async throws(GitError) -> String? {
        let tree = try await git.output(
            ["ls-tree", "-r", "-z", "--name-only", "--full-tree", record.commit.rawValue], in: place)
        let known = Set(tree.fields)
        var folders: [FilePath] = [FilePath("")]
        while let folder = folders.popLast() {
            for name in Files.names(in: record.folder.pushing(folder))
            where folder.isEmpty ? name != ".git" : true {
                let path = folder.appending(name)
                if known.contains(path.string) { continue }
                guard Files.isFolder(record.folder.pushing(path)) else { return path.string }
                folders.append(path)
            }
        }
        return nil
    }

    /// A process whose current folder is `folder` or below it.
    private static func process(workingIn folder: FilePath) -> Int32? {
        let processes = FilePath("/proc")
        for name in Files.names(in: processes) {
            guard let pid = Int32(name), pid != getpid() else { continue }
            var buffer = [CChar](repeating: 0, count: 4097)
            let length = unsafe readlink("/proc/\(name)/cwd", &buffer, 4096)
            guard length > 0 else { continue }
            let path = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if FilePath(path).isWithin(folder) { return pid }
        }
        return nil
    }
}
