import Glibc
import Synchronization

/// A real HTTP/1.1 server on 127.0.0.1 that does with each request what the test says, one connection at a time.
public final class LoopbackServer: Sendable {
    public struct Received: Sendable, Equatable {
        /// The request line, such as `POST /path HTTP/1.1`.
        public var line: String
        /// Names in lower case.
        public var headers: [String: String]
        public var body: [UInt8]
        /// Every byte of the request.
        public var bytes: [UInt8]
    }

    public enum Answer: Sendable {
        case respond(status: Int, headers: [String: String] = [:], body: [UInt8] = [])
        /// Sends nothing until the client gives up.
        case hang
        /// Closes with a reset.
        case reset
        /// These bytes as they are.
        case raw([UInt8])
        /// These bytes one after another, with a pause before each.
        case trickle([UInt8], pause: Duration)
    }

    public let port: UInt16
    private let listener: Int32
    private let requests = Mutex<[Received]>([])

    public var url: String { "http://127.0.0.1:\(port)" }
    public var received: [Received] { requests.withLock { $0 } }

    /// `greeting`: what is said to whoever connects, before and in place of anything else.
    public init(
        greeting: [UInt8]? = nil, _ answer: @escaping @Sendable (Received) -> Answer
    ) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard listener >= 0, isListening else { throw LoopbackServerError.cannotListen(errno) }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        start(greeting, answer)
    }

    deinit { stop() }

    /// Ends the server; open connections are closed.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func start(_ greeting: [UInt8]?, _ answer: @escaping @Sendable (Received) -> Answer) {
        let listener = listener
        let thread = ServerThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { break }
                if let greeting {
                    // Whatever comes first, such as the hello of TLS.
                    var buffer = [UInt8](repeating: 0, count: 65536)
                    _ = read(connection, &buffer, buffer.count)
                    Self.send(greeting, to: connection)
                } else if let request = Self.readRequest(connection) {
                    self?.requests.withLock { $0.append(request) }
                    Self.reply(answer(request), to: connection)
                }
                close(connection)
            }
            close(listener)
        }
        thread.start()
    }

    private static func readRequest(_ connection: Int32) -> Received? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if let request = parse(bytes) { return request }
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Received? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
        }
        let body = bytes[end.upperBound...]
        guard body.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 else { return nil }
        return Received(
            line: lines.first.map(String.init) ?? "", headers: headers, body: Array(body),
            bytes: bytes)
    }

    private static func reply(_ answer: Answer, to connection: Int32) {
        switch answer {
        case .respond(let status, let headers, let body):
            var text = "HTTP/1.1 \(status) Status\r\nContent-Length: \(body.count)\r\nConnection: close\r\n"
            for (name, value) in headers { text += "\(name): \(value)\r\n" }
            send(Array((text + "\r\n").utf8) + body, to: connection)
        case .hang:
            // The client's end of the connection is the signal.
            var byte: UInt8 = 0
            while read(connection, &byte, 1) > 0 {}
        case .reset:
            var lingering = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
        case .raw(let bytes): send(bytes, to: connection)
        case .trickle(let bytes, let pause):
            for byte in bytes {
                let (seconds, fraction) = pause.components
                usleep(UInt32(seconds * 1_000_000 + fraction / 1_000_000_000_000))
                guard send([byte], to: connection) else { return }
            }
        }
    }

    /// False when the client has gone.
    @discardableResult
    private static func send(_ bytes: [UInt8], to connection: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

enum LoopbackServerError: Error { case cannotListen(Int32) }

/// A thread for a blocking loop; a task would take one of the two threads that the tests run on.
private final class ServerThread: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func start() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<ServerThread>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }
}
