public import Core
internal import ProcessKit
public import SystemPackage

/// What came of putting branches together.
public enum MergedBase: Sendable, Equatable {
    case commit(CommitID)
    /// This branch and what was there already change the same lines.
    case conflict(branch: BranchName, files: [String])
}

extension GitRepository {
    /// A commit that holds `base` and all of `branches`, made beside every working tree (git).
    ///
    /// No branch moves and no hook runs. Where nothing needs merging it is one of the commits that are there; the same
    /// tips give the same commit whenever they are merged. Needs git 2.38.
    ///
    /// With `scratch`, an empty folder, whatever is made is made there and the repository stays as it is: a rehearsal.
    public func merged(
        _ branches: [BranchName], into base: String, scratch: FilePath? = nil
    ) async throws(GitError) -> MergedBase {
        let objects = layout.commonDirectory.appending("objects").string.flatMap { character in
            character == "\"" || character == "\\" ? ["\\", character] : [character]
        }
        let variables = scratch.map {
            // Quoted, because colons part the folders of this list.
            [
                "GIT_OBJECT_DIRECTORY": $0.string,
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": "\"\(String(objects))\"",
            ]
        }
        return try await merged(branches, into: base, adding: variables ?? [:])
    }

    private func merged(
        _ branches: [BranchName], into base: String, adding variables: [String: String]
    ) async throws(GitError) -> MergedBase {
        var current = try await resolve(base)
        for branch in branches {
            let tip = try await tip(of: branch)
            if try await contains(current, tip, variables) { continue }
            if try await contains(tip, current, variables) {
                current = tip
                continue
            }
            switch try await mergedTree(current, tip, variables) {
            case .files(let files): return .conflict(branch: branch, files: files)
            case .tree(let tree): current = try await commit(tree, current, tip, branch, variables)
            }
        }
        return .commit(current)
    }

    /// Paths of a checkout that differ from its commit, and those in conflict (git).
    public func changedPaths(of worktree: FilePath) async throws(GitError) -> (
        changed: [String], conflicted: [String]
    ) {
        let details = try await statusDetails(of: worktree, ignored: false, timeout: .seconds(20))
        return (details.uncommitted + details.untracked, details.conflicted)
    }

    private func contains(
        _ commit: CommitID, _ part: CommitID, _ variables: [String: String]
    ) async throws(GitError) -> Bool {
        try await git.read(
            ["merge-base", "--is-ancestor", part.rawValue, commit.rawValue], in: place, adding: variables
        ).isSuccess
    }

    private enum TreeMerge {
        case tree(String)
        case files([String])
    }

    private func mergedTree(
        _ ours: CommitID, _ theirs: CommitID, _ variables: [String: String]
    ) async throws(GitError) -> TreeMerge {
        let arguments = [
            "merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours.rawValue,
            theirs.rawValue,
        ]
        let result = try await git.run(arguments, in: place, adding: variables)
        // 1: conflicts, whose files follow the tree.
        guard result.exitCode == 1 else {
            let tree = try GitBinary.checked(result, arguments, in: place).fields.first
            guard let tree else {
                throw .commandFailed(command: "git merge-tree", status: 0, errorText: "it printed no tree")
            }
            return .tree(tree)
        }
        var files: [String] = []
        for name in result.fields.dropFirst() where !name.isEmpty && !files.contains(name) {
            files.append(name)
        }
        return .files(files)
    }

    private func commit(
        _ tree: String, _ ours: CommitID, _ theirs: CommitID, _ branch: BranchName,
        _ variables: [String: String]
    ) async throws(GitError) -> CommitID {
        let times = try await git.output(
            ["show", "--no-patch", "--format=%ct", "--no-show-signature", ours.rawValue, theirs.rawValue],
            in: place, adding: variables)
        let newest = times.text.split(separator: "\n").compactMap { Int64($0) }.max() ?? 0
        var identity = ["GIT_AUTHOR_DATE": "@\(newest) +0000", "GIT_COMMITTER_DATE": "@\(newest) +0000"]
        for role in ["AUTHOR", "COMMITTER"] {
            identity["GIT_\(role)_NAME"] = "tmux-agent"
            identity["GIT_\(role)_EMAIL"] = "tmux-agent@localhost"
        }
        let made = try await git.change(
            [
                "commit-tree", tree, "-p", ours.rawValue, "-p", theirs.rawValue, "-m",
                "Merge branch '\(branch.rawValue)'",
            ], in: place, adding: identity.merging(variables) { $1 })
        guard let commit = CommitID(made.firstLine) else {
            throw .commandFailed(command: "git commit-tree", status: 0, errorText: "it printed no id")
        }
        return commit
    }
}
