internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// Becomes another program, so that the terminal is its own.
enum Exec {
    /// Replaces this process; returns only by throwing.
    static func become(
        _ arguments: [String], environment: [String: String], in folder: FilePath? = nil
    ) throws -> Never {
        let name = arguments.first ?? ""
        let path = try CommandRunner.resolve(name, environment: environment)
        if let folder { unsafe chdir(folder.string) }
        let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        let variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        // An ignored signal stays ignored over execve, and pagers and tmux count on this one.
        signal(SIGPIPE, SIG_DFL)
        unsafe execve(path.string, words, variables)
        throw ProcessError.spawnFailed(command: name, reason: "\(Errno(rawValue: errno))")
    }

    /// Runs another program in this terminal and waits for its end; returns its exit status, 128 and more for a signal.
    static func run(
        _ arguments: [String], environment: [String: String], in folder: FilePath? = nil
    ) throws -> Int32 {
        let name = arguments.first ?? ""
        let path = try CommandRunner.resolve(name, environment: environment)
        let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        let variables = unsafe environment.map { unsafe strdup("\($0.key)=\($0.value)") } + [nil]
        let strings = unsafe words + variables
        defer {
            for index in unsafe strings.indices { unsafe free(strings[index]) }
        }
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // What this program ignores, others count on.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for number in [SIGPIPE, SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&signals, number) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        // Paths of ours are absolute, so that nobody misses the folder meanwhile.
        let here = unsafe open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer {
            _ = fchdir(here)
            close(here)
        }
        if let folder { unsafe chdir(folder.string) }
        var child: pid_t = 0
        let result = unsafe posix_spawn(&child, path.string, nil, &attributes, words, variables)
        guard result == 0 else {
            throw ProcessError.spawnFailed(command: name, reason: "\(Errno(rawValue: result))")
        }
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }
}
