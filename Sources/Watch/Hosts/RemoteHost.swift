public import Core
internal import ProcessKit
internal import SSHKit
public import SystemPackage
internal import TmuxKit

/// A machine that is reached over OpenSSH: its tmux, the taps there, and where commands run.
///
/// `run` is the connection's life. Everything else throws ``HostError/notReachable(host:reason:)`` while there is none,
/// and is asked again by its caller; nothing here waits for a machine that is away.
public struct RemoteHost: Sendable {
    public let name: String
    private let ssh: SSHHost
    private let binary: String
    private let socket: String?
    private let environment: [String: String]
    private let folder: FilePath
    private let ids: IDMaker
    private let writers = SeenWriters()
    /// The server of the present connection.
    private let server: RemoteServer

    /// `folder` is this host's own on this machine.
    ///
    /// `environment` is this process's. A dry run makes no files, here or there.
    public init(
        _ configuration: HostConfiguration, _ settings: SSHSettings, binary: String, folder: FilePath,
        environment: [String: String], ids: IDMaker, isDryRun: Bool
    ) throws {
        name = configuration.name
        self.binary = binary
        self.environment = environment
        self.folder = folder
        self.ids = ids
        socket = configuration.socket
        let filter = configuration.filter
        server = RemoteServer(attachesControlClient: !isDryRun) { panes in
            panes.first { filter.accepts($0) }?.sessionID
        }
        ssh = SSHHost(
            settings, folder: folder,
            remoteFolder: isDryRun ? nil : ".tmux_agent/hosts/\(try Self.watcher(folder, ids))",
            environment: environment, ids: ids)
    }

    /// Two machines may watch the same account: each keeps its files there in a folder of its own.
    private static func watcher(_ folder: FilePath, _ ids: IDMaker) throws -> String {
        try Files.makeFolder(folder, mode: 0o700)
        let file = folder.appending("id")
        if try Files.create(file, ids.make("watcher"), mode: [.ownerReadWrite]) == false,
            Files.size(file) == 0
        {
            try Files.write(ids.make("watcher"), to: file, mode: [.ownerReadWrite])
        }
        return SSHHost.name(try Files.readText(file, limit: 200) ?? "")
    }

    /// Whether the machine can be asked now.
    var isConnected: Bool { ssh.facts != nil }

    private func unreachable(_ reason: String) -> HostError { .notReachable(host: name, reason: reason) }

    private var away: HostError {
        switch ssh.condition {
        case .lost(let reason, _): unreachable(reason)
        case .connecting, .connected: unreachable("there is no connection yet")
        }
    }

    /// Connects, and connects again with growing pauses, until the task is cancelled; brings taps meanwhile.
    func run() async {
        await ssh.run { facts in
            do {
                let tmux = try tmux(of: facts)
                guard let control = server.begin(tmux) else { return }
                await control.run { _ in }
                server.end(control)
            } catch {
                return  // a socket path that is too long is said by `tmuxServer`
            }
        }
    }

    /// The tmux server there, whether it runs or not: that of `socket`, or the login user's own.
    func tmuxServer() throws -> TmuxServer {
        guard let facts = ssh.facts else { throw away }
        let tmux = try tmux(of: facts)
        return TmuxServer(tmux, control: server.control(for: tmux))
    }

    private func tmux(of facts: RemoteFacts) throws -> Tmux {
        let name = socket.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
        let path = name.hasPrefix("/") ? name : "\(facts.temporaryFolder)/tmux-\(facts.userID)/\(name)"
        return Tmux(
            address: try TmuxServerAddress(path: FilePath(path)), binary: binary, environment: environment,
            transport: TmuxTransport { [ssh] in ssh.carry($0, isLasting: $1) })
    }

    /// Waits while a try to connect is under way: until then nobody knows whether the machine is there.
    func waitForAttempt() async { await ssh.waitForAttempt() }

    /// A new file there for tmux to append a pane's bytes to; from now on they are added to the end of `tap`.
    ///
    /// Nobody else may add to `tap` until `endTap` or `dropTap`.
    func beginTap(_ tap: FilePath) async throws -> FilePath {
        guard let facts = ssh.facts else { throw away }
        dropTap(tap)
        // A name of its own each time: a pipe that is left over can never mix with the next one.
        let name = "\(SSHHost.name(tap.lastComponent?.string ?? "tap")).\(ids.make("pipe"))"
        try Files.makeFolder(records, mode: 0o700)
        try ssh.begin(name, to: tap, record: record(of: tap))
        return FilePath(facts.folder).appending(name)
    }

    /// The file there which `beginTap` made; nil when there is none.
    func writtenTap(_ tap: FilePath) throws -> FilePath? {
        guard let facts = ssh.facts else { throw away }
        return try name(of: tap).map { FilePath(facts.folder).appending($0) }
    }

    /// Whether a living process there appends to the file that `beginTap` made.
    func isTapWritten(_ tap: FilePath, pane: PaneSnapshot) async throws -> Bool {
        guard pane.isPiped, let there = try writtenTap(tap), pane.tap == there, let name = there.lastComponent
        else { return false }
        if writers.isFresh(name.string) { return true }
        do throws(SSHError) {
            guard try await ssh.isWritten(name.string) else { return false }
        } catch {
            throw unreachable(error.message)
        }
        writers.note(name.string)
        return true
    }

    /// Brings what comes to be in the file that another process of ours had made by `beginTap`, from where that one
    /// stopped; the first `read` bytes of `tap` are not brought again.
    func resumeTap(_ tap: FilePath, read: Int64) throws {
        _ = try ssh.resume(to: tap, record: record(of: tap), read: read)
    }

    /// Brings the rest of a tap whose pipe has ended, then removes the file there.
    func endTap(_ tap: FilePath) async throws {
        guard let name = try name(of: tap) else { return }
        writers.forget(name)
        do {
            // The pipe's process writes what it has before it ends.
            var tries = 0
            while tries < 40, try await ssh.isWritten(name) {
                try await Task.sleep(for: .milliseconds(50))
                tries += 1
            }
            _ = try ssh.resume(to: tap, record: record(of: tap))
            try await ssh.finish(name)
        } catch let error as SSHError {
            throw unreachable(error.message)
        }
    }

    /// Brings no more of a tap, and removes the file there if the machine is there.
    func dropTap(_ tap: FilePath) {
        guard let name = try? name(of: tap) else { return }  // unreadable: nothing is brought for it
        writers.forget(name)
        ssh.remove(name)
        try? Files.remove(record(of: tap))  // a record that stays names a file that is gone
    }

    private var records: FilePath { folder.appending("taps") }

    private func record(of tap: FilePath) -> FilePath {
        records.appending(SSHHost.name(tap.lastComponent?.string ?? "tap"))
    }

    private func name(of tap: FilePath) throws -> String? { try SSHHost.recordedName(record(of: tap)) }

    /// Runs a shell line there as ``ShellActionFolder`` promises for this machine: claimed once by `key`, for at most
    /// `timeout`; asked again with the same key it finds out what became of the first.
    func shell(
        _ command: String, key: String, timeout: Duration, environment: [String: String], folder: String?
    ) async throws -> RemoteShellEnd {
        // What this machine has is not there.
        let variables = environment.filter { !["PATH", "HOME", "SHELL", "USER", "LOGNAME"].contains($0.key) }
        let action = RemoteAction(
            key: key, command: command, timeout: timeout, environment: variables, folder: folder)
        do {
            return RemoteShellEnd(try await ssh.perform(action))
        } catch SSHError.notConnected(let reason) {
            throw unreachable(reason)
        }
    }
}
