internal import CLibgit2
internal import Glibc

/// Owns one libgit2 object and frees it exactly once.
@safe struct Handle: ~Copyable {
    // SAFETY: set once from a successful libgit2 call, freed only in deinit.
    @unsafe let pointer: OpaquePointer
    private let free: @convention(c) (OpaquePointer?) -> Void

    /// `operation` completes "Could not …" in the error's text.
    init(
        _ operation: String, freedBy free: @convention(c) (OpaquePointer?) -> Void,
        opening open: (inout OpaquePointer?) -> Int32
    ) throws(GitError) {
        var raw: OpaquePointer?
        let status = unsafe open(&raw)
        guard status >= 0, let raw = unsafe raw else { throw Libgit2.failure(status, operation) }
        unsafe self.pointer = raw
        unsafe self.free = free
    }

    deinit { unsafe free(pointer) }
}

enum Libgit2 {
    /// Starts the library once for the process; it is never shut down.
    static let isStarted: Bool = git_libgit2_init() > 0

    /// The error of the call that just returned `status`, read on the thread that made it.
    ///
    /// libgit2's texts name the wrong thing at times (a taken worktree name "failed to make directory"), so
    /// callers check for what they expect beforehand and this is what is left.
    static func failure(_ status: Int32, _ operation: String) -> GitError {
        let text = unsafe git_error_last().map { unsafe String(cString: $0.pointee.message) }
        return .library(operation: operation, code: status, text: text ?? "no reason given")
    }

    static func check(_ operation: String, _ status: Int32) throws(GitError) {
        if status < 0 { throw failure(status, operation) }
    }

    /// Repeats `body` while another git process holds a lock file, for up to two seconds.
    ///
    /// Blocks: only for the repository's own thread.
    static func retryingWhileLocked(_ operation: String, _ body: () -> Int32) throws(GitError) {
        var status = body()
        var tries = 0
        while status == GIT_ELOCKED.rawValue, tries < 200 {
            usleep(10_000)
            tries += 1
            status = body()
        }
        try check(operation, status)
    }

    static func commit(_ id: UnsafePointer<git_oid>) throws(GitError) -> CommitID {
        guard let text = unsafe git_oid_tostr_s(id), let id = unsafe CommitID(String(cString: text)) else {
            throw .library(operation: "read an object id", code: -1, text: "not an id")
        }
        return id
    }

    static func withID<Value>(
        _ id: CommitID, _ body: (UnsafePointer<git_oid>) throws(GitError) -> Value
    ) throws(GitError) -> Value {
        var raw = git_oid()
        try check("read the id \(id)", unsafe git_oid_fromstr(&raw, id.rawValue))
        return try unsafe body(&raw)
    }
}
