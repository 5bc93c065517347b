internal import ProcessKit
internal import Synchronization
public import SystemPackage

/// A private tmux server in a folder of its own.
public struct TmuxFixture: Sendable {
    public let folder: FilePath
    public let socket: FilePath
    /// For tmux and everything it starts: nothing of the user's.
    public let environment: [String: String]

    public init(folder: FilePath, socket: FilePath, environment: [String: String]) {
        self.folder = folder
        self.socket = socket
        self.environment = environment
    }

    /// Runs `tmux` with these arguments on the private server and returns what it printed.
    @discardableResult
    public func tmux(_ arguments: String...) async throws -> String {
        let result = try await run(arguments)
        guard result.isSuccess else {
            throw TmuxFixtureError(arguments: arguments, message: result.errorText)
        }
        return result.text.trimmingSuffixNewline
    }

    /// Waits until somebody ran `wait-for -S channel` on the private server.
    public func wait(for channel: String) async throws { try await tmux("wait-for", channel) }

    /// For a shell in a pane: the command line that lets `wait(for:)` return.
    public func signal(_ channel: String) -> String { "tmux -S \(socket) wait-for -S \(channel)" }

    func run(_ arguments: [String]) async throws -> CommandResult {
        try await CommandRunner().run(
            Command(
                "tmux", ["-u", "-S", socket.string, "-f", "/dev/null"] + arguments, environment: environment,
                timeout: .seconds(30)))
    }
}

struct TmuxFixtureError: Error, CustomStringConvertible {
    let arguments: [String]
    let message: String
    var description: String { "tmux \(arguments): \(message)" }
}

/// Runs `body` with a private server that starts with its first session and is ended afterwards, whatever
/// happens.
///
/// Servers of test processes that were killed are ended by the next run.
public func withTmux<Result>(
    isolation: isolated (any Actor)? = #isolation, _ body: (TmuxFixture) async throws -> Result
) async throws -> Result {
    await reapServersOnce()
    return try await withTemporaryFolder { folder in
        let fixture = TmuxFixture(
            folder: folder, socket: folder.appending("s"),
            environment: [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder.string, "SHELL": "/bin/sh",
                "LC_ALL": "C", "TERM": "screen",
            ])
        do {
            let result = try await body(fixture)
            await end(serversIn: folder.string)
            return result
        } catch {
            await end(serversIn: folder.string)
            throw error
        }
    }
}

/// Ends every tmux process whose command line names the folder, and everything that runs beneath a server.
private func end(serversIn folder: String) async {
    let table = ProcessTable()
    var found: [ProcessIdentity] = []
    for process in table.processes.values where process.name.hasPrefix("tmux") {
        guard commandLine(of: process.pid).contains("\(folder)/") else { continue }
        found += table.descendants(of: process.pid).map(\.identity) + [process.identity]
    }
    guard !found.isEmpty else { return }
    _ = await ProcessEnder().end(found, limit: .milliseconds(500))
}

private let serversReaped = Mutex(false)

private func reapServersOnce() async {
    let isFirst = serversReaped.withLock { done in
        defer { done = true }
        return !done
    }
    guard isFirst else { return }
    for process in ProcessTable().processes.values where process.name.hasPrefix("tmux") {
        guard let start = commandLine(of: process.pid).firstRange(of: "/tmp/ta-") else { continue }
        let rest = commandLine(of: process.pid)[start.upperBound...]
        guard let owner = Int32(rest.prefix { $0.isNumber }), ProcessTable.process(owner) == nil else {
            continue
        }
        await end(serversIn: "/tmp/ta-\(owner)-" + rest.drop { $0 != "-" }.dropFirst().prefix { $0.isNumber })
    }
}

private func commandLine(of pid: Int32) -> String {
    guard let file = try? FileDescriptor.open(FilePath("/proc/\(pid)/cmdline"), .readOnly) else { return "" }
    defer { try? file.close() }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { (try? file.read(into: $0)) ?? 0 }
    return String(decoding: buffer[..<count].map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
}

/// The bytes of a file; nil when there is none.
public func contents(of path: FilePath) -> [UInt8]? {
    guard let file = try? FileDescriptor.open(path, .readOnly) else { return nil }
    defer { try? file.close() }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = chunk.withUnsafeMutableBytes { (try? file.read(into: $0)) ?? 0 }
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

/// The text of a file; nil when there is none.
public func text(of path: FilePath) -> String? {
    contents(of: path).map { String(decoding: $0, as: UTF8.self) }
}
