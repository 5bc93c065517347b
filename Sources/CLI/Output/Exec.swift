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
}
