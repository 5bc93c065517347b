internal import Glibc
public import SystemPackage

/// `sh -c command` as the leader of a process group of its own, for callers that wait without concurrency.
public struct ShellChild {
    public let pid: Int32

    /// Starts it with standard input from /dev/null and both outputs to `output`.
    ///
    /// The caller keeps `output`; every other descriptor must be close-on-exec. Signals reach the child as
    /// they reach a program of a shell: a worker thread's mask, which holds them all back, is not passed on.
    public static func start(
        _ command: String, environment: [String: String], output: FileDescriptor
    ) throws(Errno) -> ShellChild {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.rawValue, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        unsafe sigemptyset(&defaults)
        for signal in [SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGCHLD] {
            unsafe sigaddset(&defaults, signal)
        }
        unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
        var mask = sigset_t()
        unsafe sigemptyset(&mask)
        unsafe posix_spawnattr_setsigmask(&attributes, &mask)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let failure = unsafe withCStrings(["sh", "-c", command]) { arguments in
            unsafe withCStrings(environment.map { "\($0.key)=\($0.value)" }) { variables in
                var child: pid_t = 0
                let failure = unsafe posix_spawn(
                    &child, "/bin/sh", &actions, &attributes, arguments, variables)
                return (failure, child)
            }
        }
        guard failure.0 == 0 else { throw Errno(rawValue: failure.0) }
        return ShellChild(pid: failure.1)
    }

    /// Waits for the end and returns wait(2)'s status word.
    public func wait() throws(Errno) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { throw Errno(rawValue: errno) }
        }
        return status
    }

    /// Sends `signal` to the whole process group.
    public func end(with signal: Int32) { kill(-pid, signal) }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = unsafe strings.map { unsafe strdup($0) } + [nil]
        defer { unsafe copies.forEach { unsafe free($0) } }
        return unsafe copies.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                preconditionFailure("an argument list is never empty")
            }
            return unsafe body(base)
        }
    }
}
