internal import Glibc
internal import ProcessKit

/// Many clients of `/api/events` on plain sockets, all read by one thread.
actor EventFollowers {
    private let executor = BlockingExecutor(label: "followers")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }
    private var sockets: [Int32] = []
    /// Bytes that came so far.
    private(set) var received = 0

    init(_ count: Int, port: Int) throws {
        for _ in 0..<count { sockets.append(try Self.follow(port)) }
    }

    /// Closes all connections.
    func close() {
        for socket in sockets { Glibc.close(socket) }
        sockets = []
    }

    /// Reads whatever comes within `limit`; returns how long the first byte took, nil when none came.
    func read(for limit: Duration, untilFirst: Bool = false) -> Duration? {
        let start = ContinuousClock.now
        var first: Duration?
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while ContinuousClock.now - start < limit {
            var polls = sockets.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard unsafe poll(&polls, nfds_t(polls.count), 50) > 0 else { continue }
            for ready in polls where ready.revents != 0 {
                let count = unsafe recv(ready.fd, &buffer, buffer.count, 0)
                if count > 0 { received += count }
            }
            first = first ?? (ContinuousClock.now - start)
            if untilFirst { break }
        }
        return first
    }

    private static func follow(_ port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let request = Array("GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        guard result == 0, unsafe send(descriptor, request, request.count, 0) == request.count else {
            throw BenchmarkError.timedOut(waitingFor: "a connection to port \(port)")
        }
        return descriptor
    }
}
