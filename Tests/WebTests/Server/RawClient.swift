import Glibc
import ProcessKit

/// A bare TCP connection, for what no proper client sends.
actor RawClient {
    private let executor = BlockingExecutor(label: "raw")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let descriptor: Int32
    private(set) var received = ""

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        // No read hangs a test for longer.
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw RawClientError(text: "cannot connect: \(errno)") }
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            // A server that has closed already shows in what is read.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Reads until `text` came; throws when the connection ends or nothing comes.
    @discardableResult
    func read(until text: String) throws -> String {
        while !received.contains(text) {
            guard try readSome() else {
                throw RawClientError(text: "'\(text)' never came; there was:\n\(received)")
            }
        }
        return received
    }

    /// Reads until the server closes; all that it ever sent.
    func readToEnd() throws -> String {
        while try readSome() {}
        return received
    }

    /// Forgets what came so far.
    func forget() { received = "" }

    private func readSome() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN {
            throw RawClientError(text: "nothing came for 20 s; so far:\n\(received)")
        }
        guard count > 0 else { return false }
        received += String(decoding: buffer[..<count], as: UTF8.self)
        return true
    }
}

struct RawClientError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}
