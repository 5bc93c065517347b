public import Core
internal import ProcessKit
internal import SSHKit
internal import Synchronization
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

    /// `folder` is this host's own on this machine, 0700; `environment` is this process's.
    ///
    /// `changed` is told how the host stands whenever that changes.
    public init(
        _ configuration: HostConfiguration, _ settings: SSHSettings, binary: String, folder: FilePath,
        environment: [String: String], ids: IDMaker, attachesControlClient: Bool,
        changed: @escaping @Sendable (RemoteCondition) -> Void = { _ in }
    ) throws {
        name = configuration.name
        self.binary = binary
        self.environment = environment
        self.folder = folder
        self.ids = ids
        socket = configuration.socket
        let filter = configuration.filter
        server = RemoteServer(attachesControlClient: attachesControlClient) { panes in
            panes.first { filter.accepts($0) }?.sessionID
        }
        try Files.makeFolder(folder, mode: 0o700)
        // Two machines may watch the same account: each keeps its files there in a folder of its own.
        let file = folder.appending("id")
        if try Files.create(file, ids.make("watcher"), mode: [.ownerReadWrite]) == false,
            Files.size(file) == 0
        {
            try Files.write(ids.make("watcher"), to: file, mode: [.ownerReadWrite])
        }
        let id = SSHHost.name(try Files.readText(file) ?? "")
        ssh = SSHHost(
            settings, folder: folder, remoteFolder: ".tmux_agent/hosts/\(id)", environment: environment,
            ids: ids, changed: { changed(RemoteCondition($0)) })
    }

    /// How the host stands.
    public var condition: RemoteCondition { RemoteCondition(ssh.condition) }

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
    func waitForAttempt() async {
        while ssh.condition == .connecting, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(20))  // cut short by cancellation
        }
    }

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

    /// Whether a living process there appends to the file that `beginTap` made; then its bytes are brought, also when
    /// another process of ours had begun that.
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
        _ = try ssh.resume(to: tap, record: record(of: tap))
        return true
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

/// How a remote host stands, for people.
public enum RemoteCondition: Sendable, Equatable {
    case connecting
    case connected
    /// Why it is not reached, and how long until the next try.
    case away(reason: String, pause: Duration)

    init(_ condition: SSHCondition) {
        switch condition {
        case .connecting: self = .connecting
        case .connected: self = .connected
        case .lost(let reason, let pause): self = .away(reason: reason, pause: pause)
        }
    }
}

/// Which taps had a living writer a moment ago: a look at the panes each second need not ask for it each time.
private final class SeenWriters: Sendable {
    private static let freshness = Duration.seconds(10)
    private let seen = Mutex<[String: ContinuousClock.Instant]>([:])

    func isFresh(_ name: String) -> Bool {
        seen.withLock { seen in seen[name].map { $0.duration(to: .now) < Self.freshness } ?? false }
    }

    func note(_ name: String) { seen.withLock { $0[name] = .now } }
    func forget(_ name: String) { seen.withLock { $0[name] = nil } }
}

/// The control client of the present connection.
private final class RemoteServer: Sendable {
    private let attachesControlClient: Bool
    private let session: @Sendable ([PaneSnapshot]) -> String?
    private let current = Mutex<(socket: String, client: ControlClient)?>(nil)

    init(attachesControlClient: Bool, session: @escaping @Sendable ([PaneSnapshot]) -> String?) {
        self.attachesControlClient = attachesControlClient
        self.session = session
    }

    func begin(_ tmux: Tmux) -> ControlClient? {
        guard attachesControlClient else { return nil }
        let client = ControlClient(tmux, session: session)
        current.withLock { $0 = (tmux.address.path.string, client) }
        return client
    }

    func end(_ client: ControlClient) {
        current.withLock { if $0?.client === client { $0 = nil } }
    }

    func control(for tmux: Tmux) -> ControlClient? {
        current.withLock { $0?.socket == tmux.address.path.string ? $0?.client : nil }
    }
}

/// What became of a shell line on another machine.
public struct RemoteShellEnd: Sendable, Equatable {
    public enum End: Sendable, Equatable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut
        /// It was begun, and nobody knows how it ended.
        case uncertain
    }

    public var end: End
    /// The last lines of its output.
    public var output: String

    public init(end: End, output: String) {
        self.end = end
        self.output = output
    }
}

extension RemoteShellEnd {
    init(_ fate: RemoteFate) {
        guard case .ended(let text, let output) = fate else {
            self.init(end: .uncertain, output: "")
            return
        }
        let end: End
        switch ShellActionStatus(text: text) {
        case .exited(let code): end = .exited(code)
        case .signaled(let signal): end = .signaled(signal)
        case .timedOut: end = .timedOut
        case .failed, nil: end = .uncertain
        }
        self.init(end: end, output: String(decoding: output, as: UTF8.self))
    }
}
