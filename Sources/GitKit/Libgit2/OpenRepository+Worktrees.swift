internal import CLibgit2
internal import Core
internal import Glibc
internal import SystemPackage

extension OpenRepository {
    func createBranch(_ branch: BranchName, at commit: CommitID, from base: String) throws(GitError) {
        try unsafe Libgit2.withID(commit) { (id: UnsafePointer<git_oid>) throws(GitError) in
            try Libgit2.retryingWhileLocked("create the branch '\(branch)'") {
                var raw: OpaquePointer?
                defer { unsafe git_reference_free(raw) }
                return unsafe git_reference_create(
                    &raw, handle.pointer, branch.reference, id, 0, "branch: Created from \(base)")
            }
        }
    }

    /// Deletes the branch with its configuration; fails when it is no longer at `commit` or is checked out.
    func deleteBranch(_ branch: BranchName, expecting commit: CommitID) throws(GitError) {
        var found: CommitID?
        var isGone = false
        try Libgit2.retryingWhileLocked("delete the branch '\(branch)'") {
            var raw: OpaquePointer?
            defer { unsafe git_reference_free(raw) }
            let status = unsafe git_reference_lookup(&raw, handle.pointer, branch.reference)
            if status == GIT_ENOTFOUND.rawValue {
                isGone = true
                return 0
            }
            guard status == 0 else { return status }
            found = unsafe git_reference_target(raw).flatMap { unsafe try? Libgit2.commit($0) }
            guard found == commit else { return 0 }
            // The reference's own value is compared once more under git's lock file.
            return unsafe git_branch_delete(raw)
        }
        if isGone { throw .branchNotFound(branch) }
        if found != commit { throw .branchMoved(branch, expected: commit, found: found) }
    }

    /// Makes the worktree's entry and its folder with nothing in it but `.git`.
    ///
    /// libgit2's own checkout runs no filters, so it is told to write nothing; and to look at one path only that no tree
    /// has, because else it reads every folder of the commit to find out that there is nothing to do.
    func addEntry(_ name: String, at folder: FilePath, on branch: BranchName) throws(GitError) {
        let reference = try unsafe Handle("read the branch '\(branch)'", freedBy: git_reference_free) {
            unsafe git_reference_lookup(&$0, handle.pointer, branch.reference)
        }
        var options = unsafe git_worktree_add_options()
        try Libgit2.check(
            "prepare the worktree",
            unsafe git_worktree_add_options_init(&options, UInt32(GIT_WORKTREE_ADD_OPTIONS_VERSION)))
        unsafe options.ref = reference.pointer
        unsafe options.checkout_options.checkout_strategy =
            GIT_CHECKOUT_NONE.rawValue | GIT_CHECKOUT_DISABLE_PATHSPEC_MATCH.rawValue
        var raw: OpaquePointer?
        defer { unsafe git_worktree_free(raw) }
        var path = unsafe strdup(".git")
        defer { unsafe free(path) }
        let status = unsafe withUnsafeMutablePointer(to: &path) { path in
            unsafe options.checkout_options.paths = git_strarray(strings: path, count: 1)
            return unsafe git_worktree_add(&raw, handle.pointer, name, folder.string, &options)
        }
        if status == GIT_EEXISTS.rawValue { throw .worktreeNameTaken(name) }
        try Libgit2.check("add the worktree '\(name)'", status)
    }
}
