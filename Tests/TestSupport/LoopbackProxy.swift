internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A TCP proxy on 127.0.0.1 that cuts and stalls the connections through it.
public final class LoopbackProxy: Sendable {
    private struct State {
        /// Both ends of each connection.
        var pairs: [(Int32, Int32)] = []
        var isRefusing = false
        var isStalled = false
        var isStopping = false
        var isCutting = false
        var accepted = 0
    }

    public let port: UInt16
    private let target: UInt16
    private let listener: Int32
    private let state = Mutex(State())

    /// Passes on what comes to its own port to `target`, until `stop`.
    public init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard let port = bindLoopback(listener), listen(listener, 16) == 0 else {
            throw Errno(rawValue: errno)
        }
        self.port = port
        LoopThread { self.pump() }.start()
    }

    /// How many connections were made so far.
    public var connections: Int { state.withLock { $0.accepted } }

    /// Resets every connection; returns when that is done.
    public func cut() async throws {
        state.withLock { $0.isCutting = true }
        let isDone = try await eventually { state.withLock { !$0.isCutting } }
        guard isDone else { throw Errno.timedOut }
    }

    /// From now on new connections are reset at once, or are not.
    public func refuse(_ isRefusing: Bool) { state.withLock { $0.isRefusing = isRefusing } }

    /// From now on nothing goes through, and nobody is told; or it does again.
    public func stall(_ isStalled: Bool) { state.withLock { $0.isStalled = isStalled } }

    public func stop() { state.withLock { $0.isStopping = true } }

    private func pump() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let (pairs, isStalled, isStopping) = state.withLock { ($0.pairs, $0.isStalled, $0.isStopping) }
            if isStopping { break }
            if state.withLock({ $0.isCutting }) {
                closeAll()
                continue
            }
            var polls = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            for (client, server) in pairs where !isStalled {
                polls.append(pollfd(fd: client, events: Int16(POLLIN), revents: 0))
                polls.append(pollfd(fd: server, events: Int16(POLLIN), revents: 0))
            }
            // The orders of the test come from another thread: they are looked at this often.
            guard poll(&polls, nfds_t(polls.count), 10) > 0 else { continue }
            if polls[0].revents != 0 { accept() }
            for (index, (client, server)) in pairs.enumerated() where !isStalled {
                let ends = [(client, server, 1 + 2 * index), (server, client, 2 + 2 * index)]
                for (from, to, position) in ends where polls[position].revents != 0 {
                    pass(from, to, &buffer, pair: (client, server))
                }
            }
        }
        closeAll()
        close(listener)
    }

    private func closeAll() {
        state.withLock { state in
            for pair in state.pairs { Self.reset(pair) }
            (state.pairs, state.isCutting) = ([], false)
        }
    }

    private func accept() {
        let client = Glibc.accept(listener, nil, nil)
        guard client >= 0 else { return }
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isRefusing = state.withLock { state in
            state.accepted += 1
            return state.isRefusing
        }
        guard !isRefusing, connectLoopback(server, port: target) else { return Self.reset((client, server)) }
        state.withLock { $0.pairs.append((client, server)) }
    }

    private func pass(_ from: Int32, _ to: Int32, _ buffer: inout [UInt8], pair: (Int32, Int32)) {
        // The other direction may have closed both a moment ago.
        guard state.withLock({ $0.pairs.contains { $0.0 == pair.0 } }) else { return }
        let count = read(from, &buffer, buffer.count)
        var sent = 0
        while sent < count {
            let part = buffer[sent..<count].withUnsafeBytes {
                send(to, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard part > 0 else { break }
            sent += part
        }
        guard count <= 0 || sent < count else { return }
        state.withLock { $0.pairs.removeAll { $0.0 == pair.0 } }
        Self.reset(pair)
    }

    private static func reset(_ pair: (Int32, Int32)) {
        var lingering = linger(l_onoff: 1, l_linger: 0)
        for end in [pair.0, pair.1] {
            setsockopt(end, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
            close(end)
        }
    }
}

/// The port that the kernel chose, or nil.
func bindLoopback(_ socket: Int32) -> UInt16? {
    var address = loopback(port: 0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            bind(socket, generic, length) == 0 && getsockname(socket, generic, &length) == 0
        }
    }
    return isBound ? UInt16(bigEndian: address.sin_port) : nil
}

private func connectLoopback(_ socket: Int32, port: UInt16) -> Bool {
    var address = loopback(port: port)
    return withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            connect(socket, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}

private func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}

/// A thread for a blocking loop; a task would take one of the two threads that the tests run on.
private final class LoopThread: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<LoopThread>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }
}
