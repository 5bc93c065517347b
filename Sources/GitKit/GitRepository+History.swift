public import Core
internal import ProcessKit
internal import SystemPackage

extension GitRepository {
    /// Commits that only `branch` has and that only `base` has (libgit2, else git).
    public func aheadBehind(_ branch: BranchName, of base: String) async throws(GitError) -> AheadBehind {
        let found = try await aheadBehind([branch], of: base)
        guard let numbers = found[branch] else { throw .branchNotFound(branch) }
        return numbers
    }

    /// The same for many branches with the repository opened once; branches that do not exist are left out.
    public func aheadBehind(_ branches: [BranchName], of base: String) async throws(GitError)
        -> [BranchName: AheadBehind]
    {
        let theirs = try await resolve(base)
        return try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            var found: [BranchName: AheadBehind] = [:]
            for branch in branches {
                guard let ours = try repository.commit(ofReference: branch.reference) else { continue }
                found[branch] = try repository.aheadBehind(ours, theirs)
            }
            return found
        }) { () async throws(GitError) in
            var found: [BranchName: AheadBehind] = [:]
            for branch in branches {
                let result = try await self.git.read(
                    ["rev-list", "--left-right", "--count", "\(branch.reference)...\(theirs)", "--"],
                    in: self.place)
                let counts = result.firstLine.split(separator: "\t").compactMap { Int($0) }
                guard result.isSuccess, counts.count == 2 else { continue }
                found[branch] = AheadBehind(ahead: counts[0], behind: counts[1])
            }
            return found
        }
    }

    /// True when every commit of `branch` is in `base` (libgit2, else git).
    ///
    /// A branch that was squashed or rebased into `base` does not count: its commits are others.
    public func isMerged(_ branch: BranchName, into base: String) async throws(GitError) -> Bool {
        let tip = try await tip(of: branch)
        return try await isReachable(tip, from: [try await resolve(base)])
    }

    func tip(of branch: BranchName) async throws(GitError) -> CommitID {
        guard let commit = try await commit(ofReference: branch.reference) else {
            throw .branchNotFound(branch)
        }
        return commit
    }

    private func isReachable(_ commit: CommitID, from tips: [CommitID]) async throws(GitError) -> Bool {
        try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.isReachable(commit, from: tips)
        }) { () async throws(GitError) in
            try await self.commits(of: commit.rawValue, without: tips.map(\.rawValue), limit: 0).total == 0
        }
    }

    /// The commits of `tip` that `base` lacks, newest first and at most `limit`, and how many there are (git).
    public func commits(between base: String, and tip: String, limit: Int = 100) async throws(GitError)
        -> (newest: [CommitSummary], total: Int)
    {
        let base = try await resolve(base).rawValue
        return try await commits(of: try await resolve(tip).rawValue, without: [base], limit: limit)
    }

    /// `tip` is an id; `excluded` are ids or options such as `--remotes`.
    func commits(of tip: String, without excluded: [String], limit: Int) async throws(GitError)
        -> (newest: [CommitSummary], total: Int)
    {
        // By standard input: a repository can have more references than an argument list holds.
        let range = Array(([tip] + excluded.map { "^\($0)" }).map { "\($0)\n" }.joined().utf8)
        let count = try await git.output(["rev-list", "--count", "--stdin"], in: place, input: range)
        let total = Int(count.firstLine) ?? 0
        if total == 0 || limit == 0 { return ([], total) }
        let log = try await git.output(
            [
                "log", "-z", "--format=%H%n%an%n%ct%n%s", "--max-count=\(limit)", "--no-show-signature",
                "--stdin",
            ],
            in: place, input: range)
        return (log.fields.compactMap(Self.summary), total)
    }

    static func summary(_ text: String) -> CommitSummary? {
        let lines = text.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4, let id = CommitID(lines[0]), let seconds = Int64(lines[2]) else { return nil }
        return CommitSummary(
            id: id, author: String(lines[1]), time: Timestamp(milliseconds: seconds * 1000),
            subject: String(lines[3]))
    }
}
