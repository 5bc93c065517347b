internal import CLinux
internal import Core
internal import Glibc
internal import ProcessKit
internal import Synchronization
internal import SystemPackage

/// One attachment of a control client: a thread that reads, and requests from anywhere.
final class ControlConnection: Sendable {
    private typealias Answer = CheckedContinuation<ControlOutcome?, Never>

    private struct State {
        var exchange = ControlExchange<Answer>()
        var child: StreamingChild?
        /// What the child did not take at once.
        var unsent: ArraySlice<UInt8> = []
        /// When the last answer came, or the first request after none was open.
        var lastProgress: ContinuousClock.Instant?
        var isStopping = false

        mutating func flush() {
            guard let child, !unsent.isEmpty else { return }
            unsent = unsent.dropFirst(child.send(unsent))
        }
    }

    private let state = Mutex(State())
    private let clock = ContinuousClock()
    private let wake: FileDescriptor
    private let limit: Duration
    private let thread = ReaderThread()
    private let notify: @Sendable (ControlEvent) -> Void

    init(limit: Duration, notify: @escaping @Sendable (ControlEvent) -> Void) throws {
        let raw = clinux_event()
        guard raw >= 0 else { throw Errno(rawValue: errno) }
        wake = FileDescriptor(rawValue: raw)
        self.limit = limit
        self.notify = notify
    }

    deinit { try? wake.close() }  // an eventfd has nothing to flush

    /// Reads until tmux or `stop` ends it; `attached` is called once, when orders may be given.
    func serve(_ child: StreamingChild, attached: @Sendable () -> Void) async {
        state.withLock { $0.child = child }
        await thread.run { self.read(from: child, attached: attached) }
        let abandoned = state.withLock { state in
            state.child = nil
            return state.exchange.abandon()
        }
        for answer in abandoned { answer.resume(returning: nil) }
    }

    /// The answer to one line; nil when the connection ended before it came.
    func request(_ line: String) async -> ControlOutcome? {
        await withCheckedContinuation { (answer: Answer) in
            let (isOpen, mustWake) = state.withLock { state -> (Bool, Bool) in
                guard state.child != nil, !state.isStopping else { return (false, false) }
                if state.exchange.isIdle { state.lastProgress = clock.now }
                state.unsent += state.exchange.request(line, token: answer)
                state.flush()
                return (true, !state.unsent.isEmpty)
            }
            if !isOpen { answer.resume(returning: nil) }
            if mustWake { signal() }
        }
    }

    /// Makes `serve` return.
    func stop() {
        state.withLock { $0.isStopping = true }
        signal()
    }

    private func signal() {
        var one: UInt64 = 1
        _ = unsafe write(wake.rawValue, &one, 8)  // can fail only when the reader is being woken anyway
    }

    private func read(from child: StreamingChild, attached: @Sendable () -> Void) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var wasAttached = false
        let milliseconds = Int32(clamping: limit.inMilliseconds)
        while true {
            let (isStopping, hasUnsent, isLate) = state.withLock { state in
                let late = state.lastProgress.map { $0.duration(to: clock.now) > limit } ?? false
                return (state.isStopping, !state.unsent.isEmpty, late && !state.exchange.isIdle)
            }
            if isStopping || isLate { return }
            var polls = [
                pollfd(fd: child.output.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: hasUnsent ? child.input.rawValue : -1, events: Int16(POLLOUT), revents: 0),
            ]
            _ = unsafe poll(&polls, 3, milliseconds)
            if polls[1].revents != 0 {
                var count: UInt64 = 0
                _ = unsafe Glibc.read(wake.rawValue, &count, 8)  // only empties it
            }
            if polls[2].revents != 0 { state.withLock { $0.flush() } }
            guard polls[0].revents != 0 else { continue }
            let count = unsafe Glibc.read(child.output.rawValue, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            let (isAttached, hasExited) = receive(buffer[..<count])
            if isAttached, !wasAttached {
                wasAttached = true
                attached()
            }
            if hasExited { return }
        }
    }

    private func receive(_ bytes: ArraySlice<UInt8>) -> (isAttached: Bool, hasExited: Bool) {
        let (done, notifications, flags) = state.withLock { state in
            let (done, notifications) = state.exchange.receive(bytes)
            if !done.isEmpty { state.lastProgress = state.exchange.isIdle ? nil : clock.now }
            return (done, notifications, (state.exchange.isAttached, state.exchange.hasExited))
        }
        for (answer, outcome) in done { answer.resume(returning: outcome) }
        for notification in notifications { notify(notification) }
        return flags
    }
}

/// A thread for one blocking loop.
private actor ReaderThread {
    private let executor = BlockingExecutor(label: "tmux-control")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    func run(_ body: @Sendable () -> Void) { body() }
}
