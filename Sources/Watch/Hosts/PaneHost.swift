public import Core
internal import Glibc
internal import ProcessKit
public import SystemPackage
public import TmuxKit

/// A machine whose panes are watched, here or behind ssh: its tmux server, the taps of its panes and its shell.
///
/// A tap is always a file of this machine. For panes of this machine tmux writes it; what a remote tmux writes is brought
/// there by ``RemoteHost``, so that nobody who reads taps need know where the pane is.
public struct PaneHost: Sendable {
    public let name: String
    public let configuration: HostConfiguration
    public let remote: RemoteHost?
    private let local: TmuxServer?
    /// For this machine's server; a remote one is asked through its connection.
    let control: ControlClient?

    /// `folder` is this host's own, for what it keeps while it is watched; `taps` is where taps are.
    ///
    /// A control client is attached only while a pane is watched by captures: to a session of such a pane.
    public init(
        _ configuration: HostConfiguration, binary: String, folder: FilePath, taps: FilePath,
        environment: [String: String], ids: IDMaker, attachesControlClient: Bool
    ) throws {
        name = configuration.name
        self.configuration = configuration
        if let ssh = configuration.ssh {
            remote = try RemoteHost(
                configuration, ssh, binary: binary, folder: folder, environment: environment, ids: ids,
                isDryRun: !attachesControlClient)
            (local, control) = (nil, nil)
            return
        }
        let socket = configuration.socket ?? ""
        let address =
            socket.hasPrefix("/")
            ? try TmuxServerAddress(path: FilePath(socket))
            : try TmuxServerAddress.named(socket, environment: environment, userID: getuid())
        let tmux = Tmux(address: address, binary: binary, environment: environment)
        remote = nil
        let filter = configuration.filter
        let client = ControlClient(tmux) { panes in
            panes.first { $0.isPiped && !$0.isTapped(into: taps) && filter.accepts($0) }?.sessionID
        }
        control = attachesControlClient ? client : nil
        local = TmuxServer(tmux, control: control)
    }

    /// The host's tmux server, whether it runs or not.
    ///
    /// Throws ``HostError`` while the host cannot be reached.
    public func server() async throws -> TmuxServer {
        if let local { return local }
        guard let remote else { throw HostError.notReachable(host: name, reason: "it has no road") }
        return try remote.tmuxServer()
    }
}

extension PaneHost {
    func accepts(_ pane: PaneSnapshot) -> Bool { configuration.filter.accepts(pane) }

    /// Whether a process that is not known to be dead appends what the pane prints to `tap`.
    func isWriting(_ pane: PaneSnapshot, to tap: FilePath, _ server: TmuxServer) async throws -> Bool {
        if let remote { return try await remote.isTapWritten(tap, pane: pane) }
        switch server.tapState(pane) {
        case .alive, .unknown: return pane.tap == tap
        case .none, .silent, .foreign: return false
        }
    }
}

extension PaneFilter {
    func accepts(_ pane: PaneSnapshot) -> Bool {
        accepts(session: pane.session.rawValue, window: pane.windowName, title: pane.title)
    }
}

extension PaneSnapshot {
    /// Its pipe was made by whoever keeps taps in this folder; it may have died since.
    func isTapped(into folder: FilePath) -> Bool { tap?.removingLastComponent() == folder }
}
