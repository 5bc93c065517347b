internal import CLibgit2
internal import Core

extension OpenRepository {
    /// HEAD of the checkout that was opened.
    func head() throws(GitError) -> Head {
        let reference = try unsafe Handle("read HEAD", freedBy: git_reference_free) {
            unsafe git_reference_lookup(&$0, handle.pointer, "HEAD")
        }
        let target = unsafe git_reference_symbolic_target(reference.pointer).map {
            unsafe String(cString: $0)
        }
        guard let target else {
            guard let id = unsafe git_reference_target(reference.pointer) else {
                throw .library(operation: "read HEAD", code: -1, text: "it has no target")
            }
            return .detached(try unsafe Libgit2.commit(id))
        }
        let name = target.hasPrefix("refs/heads/") ? String(target.dropFirst(11)) : target
        guard let commit = try commit(ofReference: target) else { return .unborn(branch: name) }
        guard target != name, let branch = try? BranchName(name) else { return .detached(commit) }
        return .branch(branch, commit)
    }

    /// Nil when there is no such reference; symbolic references and tags are followed to their commit.
    func commit(ofReference name: String) throws(GitError) -> CommitID? {
        var id = git_oid()
        let status = unsafe git_reference_name_to_id(&id, handle.pointer, name)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try Libgit2.check("read \(name)", status)
        return try unsafe Libgit2.commit(&id)
    }

    /// The commit that `revision` means; nil when libgit2 finds none.
    func resolve(_ revision: String) -> CommitID? {
        let object = try? unsafe Handle("resolve \(revision)", freedBy: git_object_free) {
            unsafe git_revparse_single(&$0, handle.pointer, "\(revision)^{commit}")
        }
        // Nil is no verdict: git is asked next.
        guard let object, let id = unsafe git_object_id(object.pointer) else { return nil }
        return try? unsafe Libgit2.commit(id)
    }

    /// Full names and ids of all references below `prefix` (`refs/heads/`).
    func references(below prefix: String) throws(GitError) -> [(name: String, id: CommitID)] {
        let iterator = try unsafe Handle("list \(prefix)", freedBy: git_reference_iterator_free) {
            unsafe git_reference_iterator_glob_new(&$0, handle.pointer, "\(prefix)*")
        }
        var found: [(name: String, id: CommitID)] = []
        while true {
            var raw: OpaquePointer?
            let status = unsafe git_reference_next(&raw, iterator.pointer)
            if status == GIT_ITEROVER.rawValue { return found }
            try Libgit2.check("list \(prefix)", status)
            guard let reference = unsafe raw else { return found }
            defer { unsafe git_reference_free(reference) }
            let name = unsafe String(cString: git_reference_name(reference))
            if let id = unsafe git_reference_target(reference) {
                try unsafe found.append((name, Libgit2.commit(id)))
            } else if let id = try commit(ofReference: name) {
                found.append((name, id))
            }
        }
    }

    func aheadBehind(_ ours: CommitID, _ theirs: CommitID) throws(GitError) -> AheadBehind {
        var ahead = 0
        var behind = 0
        try unsafe Libgit2.withID(ours) { (local: UnsafePointer<git_oid>) throws(GitError) in
            try unsafe Libgit2.withID(theirs) { (other: UnsafePointer<git_oid>) throws(GitError) in
                try Libgit2.check(
                    "compare \(ours.short) with \(theirs.short)",
                    unsafe git_graph_ahead_behind(&ahead, &behind, handle.pointer, local, other))
            }
        }
        return AheadBehind(ahead: ahead, behind: behind)
    }

    /// True when `commit` is one of `tips` or an ancestor of one.
    func isReachable(_ commit: CommitID, from tips: [CommitID]) throws(GitError) -> Bool {
        if tips.contains(commit) { return true }
        if tips.isEmpty { return false }
        var ids: [git_oid] = []
        for tip in tips {
            try unsafe Libgit2.withID(tip) { (id: UnsafePointer<git_oid>) in unsafe ids.append(id.pointee) }
        }
        return try unsafe Libgit2.withID(commit) { (id: UnsafePointer<git_oid>) throws(GitError) in
            let status = unsafe git_graph_reachable_from_any(handle.pointer, id, ids, ids.count)
            try Libgit2.check("look for \(commit.short)", status)
            return status == 1
        }
    }
}
