public import Core
internal import ProcessKit
internal import SSHKit
internal import Synchronization
public import SystemPackage
public import TmuxKit

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
        socket = configuration.socket
        server = RemoteServer(attachesControlClient: attachesControlClient)
        try Files.makeFolder(folder, mode: 0o700)
        // Two machines may watch the same account: each keeps its files there in a folder of its own.
        let file = folder.appending("id")
        if try Files.create(file, ids.make("watcher"), mode: [.ownerReadWrite]) == false, Files.size(file) == 0 {
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
    public func run() async {
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
    public func tmuxServer() throws -> TmuxServer {
        guard let facts = ssh.facts else { throw away }
        let tmux = try tmux(of: facts)
        return TmuxServer(tmux, control: server.control(for: tmux))
    }

    private func tmux(of facts: RemoteFacts) throws -> Tmux {
        let path = "\(facts.temporaryFolder)/tmux-\(facts.userID)/\(socket ?? "default")"
        return Tmux(
            address: try TmuxServerAddress(path: FilePath(path)), binary: binary, environment: environment,
            transport: TmuxTransport { [ssh] in ssh.carry($0, isLasting: $1) })
    }

    /// The file there which tmux is to append a pane's bytes to; from now on they are brought to the end of `tap`.
    ///
    /// `tap` has the same bytes at the same offsets as the file there. Asking again goes on where bringing stopped.
    public func beginTap(_ tap: FilePath) async throws -> FilePath {
        guard let facts = ssh.facts else { throw away }
        let name = Self.name(of: tap)
        try ssh.follow("\(name).sizes", to: FilePath("\(tap).sizes"))
        try ssh.follow(name, to: tap)
        return FilePath(facts.folder).appending(name)
    }

    /// Brings the rest of a tap whose pipe has ended, then removes the file there.
    public func endTap(_ tap: FilePath) async throws {
        let name = Self.name(of: tap)
        do throws(SSHError) {
            try await ssh.finish(name)
            try await ssh.finish("\(name).sizes")
        } catch {
            throw unreachable(error.message)
        }
    }

    /// Brings no more of a tap; what tmux appends there stays there.
    public func leaveTap(_ tap: FilePath) {
        let name = Self.name(of: tap)
        ssh.leave(name)
        ssh.leave("\(name).sizes")
    }

    /// Whether a living process there appends to the file that `beginTap` named.
    public func isTapWritten(_ tap: FilePath, pane: PaneSnapshot) async throws -> Bool {
        guard let facts = ssh.facts else { throw away }
        let name = Self.name(of: tap)
        guard pane.isPiped, pane.tap == FilePath(facts.folder).appending(name) else { return false }
        do throws(SSHError) {
            return try await ssh.isWritten(name)
        } catch {
            throw unreachable(error.message)
        }
    }

    /// Runs a shell line there as ``ShellActionFolder`` promises for this machine: claimed once by `key`, for at most
    /// `timeout`; asked again with the same key it finds out what became of the first.
    public func shell(
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

    private static func name(of tap: FilePath) -> String { SSHHost.name(tap.lastComponent?.string ?? "tap") }
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

/// The control client of the present connection.
private final class RemoteServer: Sendable {
    private let attachesControlClient: Bool
    private let current = Mutex<(socket: String, client: ControlClient)?>(nil)

    init(attachesControlClient: Bool) { self.attachesControlClient = attachesControlClient }

    func begin(_ tmux: Tmux) -> ControlClient? {
        guard attachesControlClient else { return nil }
        let client = ControlClient(tmux)
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
