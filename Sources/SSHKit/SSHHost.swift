public import Core
internal import Glibc
public import ProcessKit
internal import Synchronization
public import SystemPackage

/// How a machine behind ssh stands.
public enum SSHCondition: Sendable, Equatable {
    case connecting
    case connected(RemoteFacts)
    /// Why it is not there, and how long until the next try.
    case lost(reason: String, pause: Duration)
}

/// One machine behind ssh: one connection, made anew whenever it is lost, that carries everything.
///
/// The connection's own session runs the courier, which adds the new bytes of files there to files here; every other
/// command is one more session of the same connection (`ControlMaster`). Nothing but sh, coreutils and Linux is needed
/// there. What is not connected fails at once: nobody waits here for a machine that is away.
public final class SSHHost: Sendable {
    let settings: SSHSettings
    let ids: IDMaker
    let state = Mutex(State())
    private let commandLine: SSHCommandLine
    /// For the connection's socket; ours, 0700.
    private let folder: FilePath
    private let remoteFolder: String?

    struct State {
        var condition = SSHCondition.connecting
        /// Since when the present connection stands, or the last one did.
        var connectedAt: ContinuousClock.Instant?
        var socket: FilePath?
        var connection: CourierConnection?
        var files: [Int: Followed] = [:]
        var count = 0
        var waiting: [Waiting] = []
        var cancelled: Set<Int> = []
        var awaitingAttempt: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    /// `remoteFolder` lies below the home folder there and belongs to this watcher alone: plain characters only.
    ///
    /// Without one, and without `folder`, nothing is left behind on either machine.
    public init(
        _ settings: SSHSettings, folder: FilePath, remoteFolder: String?, environment: [String: String],
        ids: IDMaker
    ) {
        self.settings = settings
        self.ids = ids
        self.folder = folder
        self.remoteFolder = remoteFolder
        commandLine = SSHCommandLine(settings: settings, environment: environment)
    }

    public var condition: SSHCondition { state.withLock { $0.condition } }

    /// Nil while there is no connection.
    public var facts: RemoteFacts? {
        if case .connected(let facts) = condition { facts } else { nil }
    }

    /// Connects, and connects again with growing pauses, until the task is cancelled.
    ///
    /// `work` runs beside each connection and is cancelled with it.
    public func run(during work: @escaping @Sendable (RemoteFacts) async -> Void = { _ in }) async {
        var pauses = ReconnectPauses()
        while !Task.isCancelled {
            note(.connecting)
            state.withLock { $0.connectedAt = nil }
            let reason = await connect(work)
            let connectedAt = state.withLock { $0.connectedAt }
            pauses.connectionEnded(after: connectedAt?.duration(to: .now))
            let pause = pauses.next(chance: ids.chance())
            note(.lost(reason: reason, pause: pause))
            try? await Task.sleep(for: pause)  // cut short by cancellation
        }
    }

    /// The command to run here for one that is to run there; it fails with 255 while there is no connection.
    ///
    /// `isLasting` is for a client that stays as long as the connection: should it outlive it there, the next connection
    /// ends it.
    public func carry(_ command: Command, isLasting: Bool = false) -> Command {
        let (socket, facts) = state.withLock { ($0.socket, $0.condition.facts) }
        return commandLine.session(
            socket: socket ?? folder.appending("none"),
            line: RemoteLine.running(command, recordedIn: isLasting ? facts?.folder : nil), like: command)
    }

    /// Waits while a try to connect is under way, and no longer than until the task is cancelled.
    public func waitForAttempt() async {
        let ticket = state.withLock { state in
            state.count += 1
            return state.count
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { over in
                let isUnderWay = state.withLock { state in
                    guard state.condition == .connecting, !Task.isCancelled else { return false }
                    state.awaitingAttempt[ticket] = over
                    return true
                }
                if !isUnderWay { over.resume() }
            }
        } onCancel: {
            state.withLock { $0.awaitingAttempt.removeValue(forKey: ticket) }?.resume()
        }
    }

    private func note(_ condition: SSHCondition) {
        let waiting = state.withLock { state in
            state.condition = condition
            guard condition != .connecting else { return [CheckedContinuation<Void, Never>]() }
            defer { state.awaitingAttempt = [:] }
            return Array(state.awaitingAttempt.values)
        }
        for over in waiting { over.resume() }
    }

    /// One connection from its beginning to its end, and why it ended.
    private func connect(_ work: @escaping @Sendable (RemoteFacts) async -> Void) async -> String {
        let nonce = ids.make("courier")
        let (ready, announce) = AsyncStream<RemoteFacts>.makeStream(bufferingPolicy: .bufferingNewest(1))
        do {
            let place = try SocketPlace(folder: folder, name: nonce)
            defer { place.remove() }
            let connection = try CourierConnection(limit: settings.timeout)
            let line = RemoteLine.running(CourierScript.courier, [nonce, remoteFolder ?? ""])
            let command = commandLine.master(socket: place.path, line: line)
            let failure = try await CommandRunner().withChild(command, keepsErrors: true) { child in
                let failure = await withTaskGroup(of: Void.self) { group in
                    group.addTask { for await facts in ready { await work(facts) } }
                    let failure = await self.serve(connection, child, nonce, place.path, announce)
                    announce.finish()
                    group.cancelAll()
                    return failure
                }
                return failure ?? Self.reason(child.errorText())
            }
            return failure
        } catch {
            return (error as? any UserFacingError)?.message ?? "\(error)"
        }
    }

    private func serve(
        _ connection: CourierConnection, _ child: StreamingChild, _ nonce: String, _ socket: FilePath,
        _ announce: AsyncStream<RemoteFacts>.Continuation
    ) async -> String? {
        var failure: String?
        do {
            try await withTaskCancellationHandler {
                try await connection.serve(child, nonce: nonce) { frame in
                    try self.take(frame, connection, socket, announce)
                }
            } onCancel: {
                connection.stop()
            }
        } catch {
            failure = (error as? any UserFacingError)?.message ?? "\(error)"
        }
        let abandoned = state.withLock { state in
            defer { (state.connection, state.socket, state.waiting) = (nil, nil, []) }
            return state.waiting
        }
        for waiting in abandoned { waiting.answer.resume(returning: nil) }
        return failure
    }

    /// ssh says last what went wrong.
    private static func reason(_ errors: String) -> String {
        let line = errors.split(whereSeparator: \.isNewline).last.map(String.init)
        return line.map { String($0.prefix(300)).visible } ?? "the connection ended"
    }

    private func take(
        _ frame: CourierFrame, _ connection: CourierConnection, _ socket: FilePath,
        _ announce: AsyncStream<RemoteFacts>.Continuation
    ) throws {
        switch frame {
        case .alive: return
        case .refused(let reason): throw SSHError.refused(reason: reason.visible)
        case .ready(let facts):
            let files = state.withLock { state in
                (state.connection, state.socket, state.connectedAt) = (connection, socket, .now)
                return state.files
            }
            for (id, file) in files { connection.send(Self.order(id, file)) }
            note(.connected(facts))
            announce.yield(facts)
        case .bytes(let file, let offset, let bytes): try append(bytes, at: offset, to: file, connection)
        case .cut(let file): try beginAnew(file)
        case .finished(let file): answer(.file(file), with: frame)
        case .answer(let request, _): answer(.request(request), with: frame)
        case .fate(let key, _): answer(.action(key), with: frame)
        }
    }
}

extension SSHCondition {
    fileprivate var facts: RemoteFacts? {
        if case .connected(let facts) = self { facts } else { nil }
    }
}

/// Where the connection's socket lies: in the host's own folder, or in one below /tmp when there is none, or its path is too long.
struct SocketPlace: Sendable {
    /// ssh binds a longer name first (17 more characters) and then moves it; a socket's path has at most 107 bytes.
    static let limit = 107 - 17

    let path: FilePath
    private let made: FilePath?

    init(folder: FilePath, name: String) throws {
        let short = String(name.suffix(8))
        let path = folder.appending(short)
        guard path.string.utf8.count > Self.limit || !Files.isFolder(folder) else {
            (self.path, made) = (path, nil)
            return
        }
        let other = FilePath("/tmp/tmux-agent-\(name.suffix(13))")
        // A folder that somebody made beforehand is not taken.
        guard unsafe mkdir(other.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        (self.path, made) = (other.appending("s"), other)
    }

    func remove() {
        unsafe unlink(path.string)
        if let made { unsafe rmdir(made.string) }
    }
}
