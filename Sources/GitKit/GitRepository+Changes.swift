internal import CLibgit2
internal import Core
internal import ProcessKit

extension GitRepository {
    /// The paths that a commit changed; for a merge, against its first parent (libgit2, else git).
    ///
    /// A renamed file is a deleted and an added one.
    public func changes(in commit: CommitID) async throws(GitError) -> [FileChange] {
        try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.changes(from: nil, to: commit)
        }) { () async throws(GitError) in
            let result = try await self.git.output(
                [
                    "log", "-1", "-m", "--first-parent", "--no-renames", "--no-ext-diff", "--format=",
                    "--name-status", "-z", "--no-show-signature", commit.rawValue, "--",
                ], in: self.place)
            return Self.changes(result.fields)
        }
    }

    /// The paths in which two commits differ, however far apart they are (libgit2, else git).
    public func changes(from old: CommitID, to new: CommitID) async throws(GitError) -> [FileChange] {
        try await ask({ (repository: borrowing OpenRepository) throws(GitError) in
            try repository.changes(from: old, to: new)
        }) { () async throws(GitError) in
            let result = try await self.git.output(
                [
                    "diff-tree", "-r", "--no-renames", "--no-ext-diff", "--name-status", "-z", old.rawValue,
                    new.rawValue, "--",
                ], in: self.place)
            return Self.changes(result.fields)
        }
    }

    /// Letter and path, one after the other.
    private static func changes(_ fields: [String]) -> [FileChange] {
        stride(from: 0, to: fields.count - 1, by: 2).compactMap { index in
            FileChange.Kind(rawValue: fields[index].filter { !$0.isNewline }).map {
                FileChange(kind: $0, path: fields[index + 1])
            }
        }
    }
}

extension OpenRepository {
    /// `old` nil: the first parent of `new`, or nothing for the first commit.
    fileprivate func changes(from old: CommitID?, to new: CommitID) throws(GitError) -> [FileChange] {
        let commit = try lookUp(new)
        let newTree = try tree(of: commit)
        guard let old else {
            guard unsafe git_commit_parentcount(commit.pointer) > 0 else {
                return try unsafe changes(nil, newTree.pointer)
            }
            let parent = try unsafe Handle("read the parent of \(new.short)", freedBy: git_commit_free) {
                unsafe git_commit_parent(&$0, commit.pointer, 0)
            }
            let oldTree = try tree(of: parent)
            return try unsafe changes(oldTree.pointer, newTree.pointer)
        }
        let other = try lookUp(old)
        let oldTree = try tree(of: other)
        return try unsafe changes(oldTree.pointer, newTree.pointer)
    }

    private func lookUp(_ id: CommitID) throws(GitError) -> Handle {
        var raw = git_oid()
        try Libgit2.check("read the id \(id)", unsafe git_oid_fromstr(&raw, id.rawValue))
        return try unsafe Handle("read the commit \(id.short)", freedBy: git_commit_free) {
            unsafe git_commit_lookup(&$0, handle.pointer, &raw)
        }
    }

    private func tree(of commit: borrowing Handle) throws(GitError) -> Handle {
        let raw = unsafe commit.pointer
        return try unsafe Handle("read a commit's tree", freedBy: git_tree_free) {
            unsafe git_commit_tree(&$0, raw)
        }
    }

    private func changes(_ old: OpaquePointer?, _ new: OpaquePointer?) throws(GitError) -> [FileChange] {
        let diff = try unsafe Handle("compare two trees", freedBy: git_diff_free) {
            unsafe git_diff_tree_to_tree(&$0, handle.pointer, old, new, nil)
        }
        var found: [FileChange] = []
        for index in unsafe 0..<git_diff_num_deltas(diff.pointer) {
            guard let delta = unsafe git_diff_get_delta(diff.pointer, index) else { continue }
            let isGone = unsafe delta.pointee.status == GIT_DELTA_DELETED
            guard let path = unsafe isGone ? delta.pointee.old_file.path : delta.pointee.new_file.path,
                let kind = Self.kind(unsafe delta.pointee.status)
            else { continue }
            found.append(FileChange(kind: kind, path: unsafe String(cString: path)))
        }
        return found
    }

    private static func kind(_ status: git_delta_t) -> FileChange.Kind? {
        switch status {
        case GIT_DELTA_ADDED: .added
        case GIT_DELTA_DELETED: .deleted
        case GIT_DELTA_MODIFIED: .modified
        case GIT_DELTA_TYPECHANGE: .typeChanged
        default: nil
        }
    }
}
