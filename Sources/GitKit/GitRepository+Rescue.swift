public import Core
internal import Glibc
internal import ProcessKit
public import SystemPackage

extension GitRepository {
    /// Keeps the working tree as it is in one commit at `refs/tmux-agent/rescue/<slug>/<time>` (git).
    ///
    /// Its parent is the checkout's commit (none when HEAD is unborn), its tree everything tracked, staged or
    /// untracked; ignored files are not in it and are named in the result, like the contents of submodules and
    /// of repositories that somebody cloned into the tree. Works on a copy of the index: index, HEAD and
    /// branches stay untouched and no hook runs. Clean filters do.
    public func rescue(worktree: FilePath, branch: BranchName?, slug: Slug, at time: Timestamp)
        async throws(GitError) -> Rescue
    {
        let gitDirectory = try gitDirectory(of: worktree)
        _ = try Files.makeFolders(layout.ownFolder, mode: 0o700)
        let stamp = time.iso8601.filter { $0 != "-" && $0 != ":" }
        let index = layout.ownFolder.appending("rescue.\(slug).\(stamp).\(getpid()).index")
        defer { unsafe unlink(index.string) }
        try Files.copy(gitDirectory.appending("index"), to: index)

        let variables = ["GIT_INDEX_FILE": index.string]
        let before = try await statusDetails(of: worktree, ignored: true, everyFile: true)
        // Git would store only the id of a repository inside the tree, and refuses one without a commit.
        let nested = before.untracked.filter { $0.hasSuffix("/") }
        let paths = ["--", ":/"] + nested.map { ":(top,exclude,literal)\($0.dropLast())" }
        try await addAll(paths, in: worktree, variables)
        let tree = try await git.change(
            Self.withoutHooks + ["write-tree"], in: worktree, adding: variables
        ).firstLine

        let parent = try await git.read(["rev-parse", "--verify", "--quiet", "HEAD^{commit}"], in: worktree)
        let seconds = time.milliseconds / 1000
        var identity = ["GIT_AUTHOR_DATE": "@\(seconds) +0000", "GIT_COMMITTER_DATE": "@\(seconds) +0000"]
        for role in ["AUTHOR", "COMMITTER"] {
            identity["GIT_\(role)_NAME"] = "tmux-agent"
            identity["GIT_\(role)_EMAIL"] = "tmux-agent@localhost"
        }
        let subject = "Rescue of \(branch?.rawValue ?? worktree.lastComponent?.string ?? slug.rawValue)"
        let made = try await git.change(
            Self.withoutHooks + ["commit-tree", tree, "-m", subject]
                + (parent.isSuccess ? ["-p", parent.firstLine] : []), in: worktree, adding: identity)
        guard let commit = CommitID(made.firstLine) else {
            throw .commandFailed(command: "git commit-tree", status: 0, errorText: "it printed no id")
        }
        let reference = "refs/tmux-agent/rescue/\(slug)/\(stamp)"
        try await git.change(
            Self.withoutHooks + ["update-ref", reference, commit.rawValue, layout.objectFormat.zero],
            in: place)
        return Rescue(
            reference: reference, commit: commit,
            ignoredNotKept: before.ignored + nested + before.dirtySubmodules.map { $0 + "/" })
    }

    /// Keeps a branch's commits at `refs/tmux-agent/rescue/<slug>/<time>-branch`, where no worktree shows them.
    public func rescue(tipOf branch: BranchName, slug: Slug, at time: Timestamp) async throws(GitError)
        -> Rescue
    {
        let commit = try await tip(of: branch)
        let stamp = time.iso8601.filter { $0 != "-" && $0 != ":" }
        let reference = "refs/tmux-agent/rescue/\(slug)/\(stamp)-branch"
        try await git.change(
            Self.withoutHooks + ["update-ref", reference, commit.rawValue, layout.objectFormat.zero],
            in: place)
        return Rescue(reference: reference, commit: commit, ignoredNotKept: [])
    }

    private func addAll(_ paths: [String], in worktree: FilePath, _ variables: [String: String])
        async throws(GitError)
    {
        let add = Self.withoutHooks + ["add", "--all"]
        if try await isSparse(worktree) {
            // Outside the sparse patterns git would refuse files that are really there. Git before 2.34 does
            // not, and does not know the option either (129 = wrong usage).
            let arguments = add + ["--sparse"] + paths
            let result = try await git.run(
                arguments, in: worktree, timeout: .seconds(600), adding: variables)
            if result.exitCode != 129 {
                _ = try GitBinary.checked(result, arguments, in: worktree)
                return
            }
        }
        try await git.change(add + paths, in: worktree, timeout: .seconds(600), adding: variables)
    }

    private static let withoutHooks = ["-c", "core.hooksPath=/dev/null"]

    private func isSparse(_ worktree: FilePath) async throws(GitError) -> Bool {
        try await git.read(["config", "--type=bool", "--get", "core.sparseCheckout"], in: worktree).firstLine
            == "true"
    }
}
