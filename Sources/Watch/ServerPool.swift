internal import Core
public import Fleet
internal import Logging
internal import ProcessKit
public import ServiceLifecycle
public import Store
internal import Synchronization
internal import SystemPackage
public import TmuxKit

/// The tmux servers of a fleet's agents, with a control client on the one where new agents are born.
public final class ServerPool: Service {
    private let context: FleetContext
    private let main: TmuxServer
    private let control: ControlClient
    private let socket: String
    private let others = Mutex<[String: TmuxServer]>([:])

    private let measure: (@Sendable (Duration) -> Void)?

    /// `measure` is told how long each answer of a server took.
    public init(context: FleetContext, measure: (@Sendable (Duration) -> Void)? = nil) throws {
        self.context = context
        self.measure = measure
        let tmux = try context.tmux()
        socket = tmux.address.path.string
        control = ControlClient(tmux)
        main = TmuxServer(tmux, control: control, measure: measure)
    }

    /// The server that an agent was born on.
    public func server(of pane: RecordedPane) throws -> TmuxServer {
        if pane.server.socket == socket { return main }
        if let known = others.withLock({ $0[pane.server.socket] }) { return known }
        let server = TmuxServer(try context.tmux(of: pane), measure: measure)
        others.withLock { $0[pane.server.socket] = server }
        return server
    }

    /// An agent was started: there may be a session to attach to.
    public func connectSoon() { control.connectSoon() }

    /// The control client's life.
    ///
    /// Its process is written down before it is used, so that whoever starts after a kill of
    /// this process can end it: an orphaned one can hold up its whole server.
    public func run() async throws {
        let (context, control) = (context, control)
        let own = ProcessTable.process(context.surroundings.processID)?.identity
        await cancelWhenGracefulShutdown {
            await control.run { client in
                guard let own else { return }
                try await context.store.setControlClient(
                    client.map { RecordedProcess($0) }, of: .watch, process: RecordedProcess(own))
            }
        }
    }
}
