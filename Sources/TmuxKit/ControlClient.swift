internal import Core
internal import Glibc
public import ProcessKit
internal import Synchronization
internal import SystemPackage

/// A `tmux -C` client that answers command lists in a fraction of what a child process takes.
///
/// `run` is its life: it attaches to a session of one of our agents, with no output and no say in sizes, and
/// attaches again when that session goes. While it is not attached, `TmuxServer` uses child processes.
public final class ControlClient: Sendable {
    /// What tmux tells unasked; the oldest are dropped when nobody reads 256 of them, so they only say "look
    /// again".
    public let notifications: AsyncStream<ControlEvent>

    private let tmux: Tmux
    private let limit: Duration
    private let chooseSession: @Sendable ([PaneSnapshot]) -> String?
    private let publish: AsyncStream<ControlEvent>.Continuation
    private let pokes: AsyncStream<Void>
    private let poke: AsyncStream<Void>.Continuation
    private let connection = Mutex<ControlConnection?>(nil)

    /// `limit` is how long an answer may take before the connection is given up.
    ///
    /// `session` names the id of the session to attach to: one of our own agents', so that no other notices us, unless
    /// told otherwise; nil while there is none.
    public init(
        _ tmux: Tmux, limit: Duration = .seconds(10),
        session: @escaping @Sendable ([PaneSnapshot]) -> String? = { $0.first { $0.agent != nil }?.sessionID }
    ) {
        self.tmux = tmux
        self.limit = limit
        chooseSession = session
        (notifications, publish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
        // One poke is enough to look again.
        (pokes, poke) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        poke.yield()
    }

    /// Whether orders can be given now.
    public var isConnected: Bool { connection.withLock { $0 != nil } }

    /// Says that there may be a session to attach to now.
    public func connectSoon() {
        if !isConnected { poke.yield() }
    }

    /// Connects, and connects again, until the task is cancelled.
    ///
    /// `record` is told the client's process before anything is sent to it, and nil when it has ended:
    /// whoever starts after a kill of this process ends what was recorded with `endOrphan`. A record that
    /// throws ends the attempt.
    public func run(record: @Sendable (ProcessIdentity?) async throws -> Void) async {
        for await _ in pokes {
            if Task.isCancelled { return }
            do {
                while let session = try await ownSession() {
                    try await attach(to: session, record: record)
                    try Task.checkCancellation()
                }
            } catch {
                // No server, no session of ours, or it went away: the next order by child process pokes
                // again. The pause keeps a server that refuses clients from being asked with every order.
                try? await Task.sleep(for: .seconds(1))  // cut short by cancellation
            }
        }
    }

    /// Ends a control client that outlived its owner; an orphan with a pending answer can hold up its whole
    /// server.
    ///
    /// Nothing happens unless exactly that process still runs and is a tmux.
    public static func endOrphan(_ orphan: ProcessIdentity) async {
        guard ProcessTable.process(orphan.pid)?.name.hasPrefix("tmux") == true else { return }
        _ = await ProcessEnder().end([orphan], limit: .seconds(2))
    }

    /// Runs a command list on the connection; throws `connectionLost` when there is none or it breaks.
    func run(_ list: TmuxCommandList) async throws(TmuxError) -> [String] {
        guard let connection = connection.withLock({ $0 }) else {
            throw .connectionLost(command: list.summary)
        }
        switch await connection.request(list.line) {
        case .lines(let lines): return lines
        case .error(let message):
            throw TmuxError(
                status: 1, message: message, command: list.summary, socket: tmux.address.path.string)
        case nil: throw .connectionLost(command: list.summary)
        }
    }

    private func ownSession() async throws -> String? { chooseSession(try await TmuxServer(tmux).panes()) }

    private func attach(to session: String, record: @Sendable (ProcessIdentity?) async throws -> Void)
        async throws
    {
        // -E: without it the client's environment is written over the session's (SSH_AUTH_SOCK and others).
        let command = tmux.command([
            "-C", "attach-session", "-E", "-f", "no-output,ignore-size", "-t", session,
        ])
        let publish = publish
        let connection = try ControlConnection(limit: limit) { publish.yield($0) }
        defer { self.connection.withLock { $0 = nil } }
        do {
            try await CommandRunner().withChild(command) { child in
                try await record(child.identity)
                await withTaskCancellationHandler {
                    await connection.serve(child) { self.connection.withLock { $0 = connection } }
                } onCancel: {
                    connection.stop()
                }
                self.connection.withLock { $0 = nil }
            }
        } catch {
            try await record(nil)
            throw error
        }
        try await record(nil)
    }
}
