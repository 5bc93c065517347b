internal import CLI
internal import Core
internal import Glibc
internal import SystemPackage

@main
struct TmuxAgent {
    static func main() async {
        // A reader that goes away (`tmux-agent logs | head`) is an error of write(2), not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // Scripts see the documented status, whoever sends the signal; the daemon replaces this with its own end.
        signal(SIGINT) { _ in _exit(130) }
        let status = await Program.run(Array(CommandLine.arguments.dropFirst()), surroundings: .current())
        // Everything is written by then: the libraries' last tidying takes a millisecond that a person would wait for.
        _exit(status)
    }
}

extension Surroundings {
    /// The only place that reads the environment, the clock and randomness.
    fileprivate static func current() -> Surroundings {
        let environment = processEnvironment()
        return Surroundings(
            environment: environment, workingDirectory: currentFolder(),
            executable: link("/proc/self/exe") ?? FilePath(CommandLine.arguments.first ?? "tmux-agent"),
            processID: getpid(), user: loginName(environment: environment), now: { .now() },
            ids: IDMaker { UInt64.random(in: .min ... .max) })
    }

    private static func processEnvironment() -> [String: String] {
        var values: [String: String] = [:]
        var cursor = unsafe environ
        while let entry = unsafe cursor.pointee {
            let pair = unsafe String(cString: entry).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2, !pair[0].isEmpty { values[String(pair[0])] = String(pair[1]) }
            unsafe cursor += 1
        }
        return values
    }

    private static func currentFolder() -> FilePath { link("/proc/self/cwd") ?? "/" }

    private static func link(_ path: String) -> FilePath? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe readlink(path, &buffer, Int(PATH_MAX))
        guard count > 0 else { return nil }
        return FilePath(String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private static func loginName(environment: [String: String]) -> String {
        if let entry = unsafe getpwuid(getuid()) { return unsafe String(cString: entry.pointee.pw_name) }
        return environment["USER"] ?? "uid \(getuid())"
    }
}

extension Timestamp {
    fileprivate static func now() -> Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
