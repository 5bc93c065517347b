public import Core
internal import ProcessKit
internal import SystemPackage

extension GitRepository {
    /// What HEAD of the checkout we are in says (libgit2, else git).
    public func head() async throws(GitError) -> Head {
        try await ask({ (repository: borrowing OpenRepository) throws(GitError) in try repository.head() }) {
            () async throws(GitError) in
            try await self.headByGit()
        }
    }

    private func headByGit() async throws(GitError) -> Head {
        let name = try await git.read(["symbolic-ref", "--quiet", "HEAD"], in: place).firstLine
        let commit = try await resolveByGit("HEAD")
        guard name.hasPrefix("refs/heads/") else {
            guard let commit else { throw .revisionNotFound("HEAD") }
            return .detached(commit)
        }
        let short = String(name.dropFirst(11))
        guard let commit else { return .unborn(branch: short) }
        guard let branch = try? BranchName(short) else { return .detached(commit) }
        return .branch(branch, commit)
    }

    /// The commit that `revision` (branch, tag, id, `HEAD~2` …) means (libgit2, else git).
    public func resolve(_ revision: String) async throws(GitError) -> CommitID {
        // Neither road may take it for an option or for an empty wildcard.
        guard !revision.isEmpty, !revision.hasPrefix("-"), !revision.contains("\0") else {
            throw .revisionNotFound(revision)
        }
        return try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            repository.resolve(revision)
        }) { () async throws(GitError) in
            guard let commit = try await self.resolveByGit(revision) else {
                throw .revisionNotFound(revision)
            }
            return commit
        }
    }

    private func resolveByGit(_ revision: String) async throws(GitError) -> CommitID? {
        let result = try await git.read(
            ["rev-parse", "--verify", "--quiet", "\(revision)^{commit}"], in: place)
        return result.isSuccess ? CommitID(result.firstLine) : nil
    }

    /// The local branches in the order of their names (libgit2, else git).
    ///
    /// A reference below `refs/heads` that git itself would not make (`-x`, `HEAD`) is left out.
    public func branches() async throws(GitError) -> [LocalBranch] {
        try await references(below: "refs/heads/").compactMap { name, id in
            (try? BranchName(String(name.dropFirst(11)))).map { LocalBranch(name: $0, commit: id) }
        }.sorted { $0.name < $1.name }
    }

    /// Full names and commits of the references below a prefix that ends with a slash.
    func references(below prefix: String) async throws(GitError) -> [(name: String, id: CommitID)] {
        try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.references(below: prefix)
        }) { () async throws(GitError) in
            // References to what is not a commit (a tag of a tree) have an empty third field and drop out.
            let result = try await self.git.output(
                ["for-each-ref", "--format=%(refname) %(objectname)", "--", prefix], in: self.place)
            return result.text.split(separator: "\n").compactMap { line in
                let parts = line.split(separator: " ")
                guard parts.count == 2, let id = CommitID(parts[1]) else { return nil }
                return (String(parts[0]), id)
            }
        }
    }

    /// Where a branch of this name is, and what stands against a new worktree on it (libgit2, else git).
    ///
    /// The name is never split: `user/feature` is that branch, here or on any remote, also when a remote is
    /// called `user`. Which remote has it is read from the remotes' refspecs.
    public func lookUp(_ name: BranchName) async throws(GitError) -> BranchLookup {
        let heads = try await branches()
        let place: BranchLookup.Place
        var obstacles: [BranchLookup.Obstacle] = []
        if let own = heads.first(where: { $0.name == name }) {
            place = .local(own.commit)
        } else {
            let refspecs = try await refspecs()
            let remotes = try await remoteBranches(named: name, refspecs)
            place = remotes.isEmpty ? .absent : .remoteTracking(remotes)
            let tracking = "refs/remotes/\(name)"
            if remotes.isEmpty, try await commit(ofReference: tracking) != nil {
                obstacles.append(.remoteName(of: Self.remoteName(of: tracking, refspecs)))
            }
        }
        if let path = checkouts(of: name).first { obstacles.append(.checkedOut(at: path)) }
        let isLocal = if case .local = place { true } else { false }
        if !isLocal {
            obstacles += BranchObstacles.find(
                for: name, among: heads.map(\.name), ignoringCase: try await ignoresCase())
        }
        return BranchLookup(name: name, place: place, obstacles: obstacles)
    }

    /// What each remote's fetches store where.
    private func refspecs() async throws(GitError) -> [(remote: String, refspec: Refspec)] {
        let settings = try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.configuration(matching: "^remote\\..*\\.fetch$")
        }) { () async throws(GitError) in
            let result = try await self.git.read(
                ["config", "-z", "--get-regexp", "^remote\\..*\\.fetch$"], in: self.place)
            return result.fields.compactMap { field in
                let parts = field.split(separator: "\n", maxSplits: 1)
                return parts.count == 2 ? (key: String(parts[0]), value: String(parts[1])) : nil
            }
        }
        return settings.compactMap { key, value in
            let remote = String(key.dropFirst("remote.".count).dropLast(".fetch".count))
            return Refspec(value).map { (remote, $0) }
        }
    }

    private static func remoteName(
        of tracking: String, _ refspecs: [(remote: String, refspec: Refspec)]
    ) -> BranchLookup.RemoteName? {
        for (remote, refspec) in refspecs {
            guard let source = refspec.source(of: tracking), source.hasPrefix("refs/heads/") else { continue }
            return BranchLookup.RemoteName(remote: remote, branch: String(source.dropFirst(11)))
        }
        return nil
    }

    private func remoteBranches(
        named name: BranchName, _ refspecs: [(remote: String, refspec: Refspec)]
    ) async throws(GitError) -> [RemoteBranch] {
        var found: [RemoteBranch] = []
        for (remote, refspec) in refspecs {
            guard let reference = refspec.destination(of: name.reference),
                let commit = try await commit(ofReference: reference)
            else { continue }
            found.append(RemoteBranch(remote: remote, trackingReference: reference, commit: commit))
        }
        return found
    }

    /// The commit of a reference given by its full name; nil when there is none.
    func commit(ofReference name: String) async throws(GitError) -> CommitID? {
        let found: CommitID?? = try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            .some(try repository.commit(ofReference: name))
        }) { () async throws(GitError) in
            .some(try await self.resolveByGit(name))
        }
        return found ?? nil
    }

    private func ignoresCase() async throws(GitError) -> Bool {
        try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.configurationFlag("core.ignorecase") ?? false
        }) { () async throws(GitError) in
            try await self.git.read(["config", "--type=bool", "--get", "core.ignorecase"], in: self.place)
                .firstLine == "true"
        }
    }

    /// The checkouts that keep a branch for themselves; those whose folder is gone keep nothing.
    func checkouts(of name: BranchName) -> [FilePath] {
        var paths: [FilePath] = []
        if let main = layout.mainWorktree,
            EntryFiles.branchesInUse(gitDirectory: layout.commonDirectory.string).contains(name.rawValue)
        {
            paths.append(main)
        }
        for entry in EntryFiles.all(common: layout.commonDirectory) {
            guard let path = entry.worktree, !entry.isMissing || entry.lockReason != nil,
                EntryFiles.branchesInUse(gitDirectory: entry.path).contains(name.rawValue)
            else { continue }
            paths.append(path)
        }
        return paths
    }
}
