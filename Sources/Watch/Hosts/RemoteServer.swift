internal import Synchronization
internal import SystemPackage
internal import TmuxKit

/// The control client of the present connection.
final class RemoteServer: Sendable {
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
