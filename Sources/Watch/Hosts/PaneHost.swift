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

    /// `folder` is this host's own, for what it keeps while it is watched.
    public init(
        _ configuration: HostConfiguration, binary: String, folder: FilePath, environment: [String: String],
        ids: IDMaker, attachesControlClient: Bool,
        changed: @escaping @Sendable (RemoteCondition) -> Void = { _ in }
    ) throws {
        name = configuration.name
        self.configuration = configuration
        if let ssh = configuration.ssh {
            remote = try RemoteHost(
                configuration, ssh, binary: binary, folder: folder, environment: environment, ids: ids,
                attachesControlClient: attachesControlClient, changed: changed)
            (local, control) = (nil, nil)
            return
        }
        let address = try TmuxServerAddress.named(
            configuration.socket ?? "", environment: environment, userID: getuid())
        let tmux = Tmux(address: address, binary: binary, environment: environment)
        remote = nil
        control = attachesControlClient ? ControlClient(tmux) : nil
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
