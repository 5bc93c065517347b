internal import CLinux
internal import Core
internal import Glibc
internal import ProcessKit
internal import Synchronization
internal import SystemPackage

/// One connection to a courier: a thread that reads, and orders from anywhere.
final class CourierConnection: Sendable {
    private struct State {
        /// What the child did not take at once.
        var unsent: ArraySlice<UInt8> = []
        var child: StreamingChild?
        var isStopping = false

        mutating func flush() {
            guard let child, !unsent.isEmpty else { return }
            unsent = unsent.dropFirst(child.send(unsent))
        }
    }

    private let state = Mutex(State())
    private let wake: FileDescriptor
    /// So long nothing may come; an order that asks for a sign of life is given three times as often.
    private let limit: Duration
    private let thread = ReadingThread()

    init(limit: Duration) throws {
        let raw = clinux_event()
        guard raw >= 0 else { throw Errno(rawValue: errno) }
        wake = FileDescriptor(rawValue: raw)
        self.limit = limit
    }

    deinit { try? wake.close() }  // an eventfd has nothing to flush

    /// Reads until the child's output ends or `stop`; throws when nothing came for too long, or nothing that makes sense.
    func serve(
        _ child: StreamingChild, nonce: String, _ receive: @escaping @Sendable (CourierFrame) throws -> Void
    ) async throws {
        state.withLock { $0.child = child }
        defer { state.withLock { $0.child = nil } }
        try await thread.run { try self.read(from: child, nonce: nonce, receive) }
    }

    func send(_ order: String) {
        state.withLock { state in
            state.unsent += Array((order + "\n").utf8)
            state.flush()
        }
        signal()
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

    private func read(
        from child: StreamingChild, nonce: String, _ receive: @Sendable (CourierFrame) throws -> Void
    ) throws {
        let clock = ContinuousClock()
        var parser = CourierParser(nonce: nonce)
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        // ssh has its own limit for connecting, and says more about why.
        var (heard, asked) = (clock.now.advanced(by: limit), clock.now)
        while true {
            let (isStopping, hasUnsent) = state.withLock { ($0.isStopping, !$0.unsent.isEmpty) }
            if isStopping { return }
            let now = clock.now
            guard heard.duration(to: now) < limit else { throw SSHError.silent(limit) }
            if asked.duration(to: now) >= limit / 3 {
                asked = now
                // An empty order makes the courier look, and say that it is there.
                state.withLock { state in
                    state.unsent.append(UInt8(ascii: "\n"))
                    state.flush()
                }
            }
            var polls = [
                pollfd(fd: child.output.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: hasUnsent ? child.input.rawValue : -1, events: Int16(POLLOUT), revents: 0),
            ]
            let pause = now.duration(to: asked.advanced(by: limit / 3)).inMilliseconds + 1
            _ = unsafe poll(&polls, 3, Int32(clamping: max(1, pause)))
            if polls[1].revents != 0 {
                var count: UInt64 = 0
                _ = unsafe Glibc.read(wake.rawValue, &count, 8)  // only empties it
            }
            if polls[2].revents != 0 { state.withLock { $0.flush() } }
            guard polls[0].revents != 0 else { continue }
            let count = unsafe Glibc.read(child.output.rawValue, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            heard = clock.now
            do {
                for frame in try parser.receive(buffer[..<count]) { try receive(frame) }
            } catch let error as CourierParser.Malformed {
                throw SSHError.malformed(line: error.line)
            }
        }
    }
}

/// A thread for one blocking loop.
private actor ReadingThread {
    private let executor = BlockingExecutor(label: "ssh")
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    func run(_ body: @Sendable () throws -> Void) throws { try body() }
}
