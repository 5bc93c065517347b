public import Core
internal import Glibc
public import SystemPackage

/// The files of one shell action's attempt; they outlive daemon and child, so that its fate is always known.
///
/// `lock` is held (flock) by the child as long as it works; under it `claim` is created exclusively before anything
/// runs; `output` is what the command wrote, bounded; `status` appears by rename when it has ended. `stop` is a pipe that
/// the child reads from: whoever writes to it ends the command.
public struct ShellActionFolder: Sendable {
    public let path: FilePath

    public enum Fate: Equatable, Sendable {
        /// Nobody claimed it: it may be started.
        case unclaimed
        case running
        case ended(ShellActionStatus)
        /// Claimed, but neither running nor ended: whether the command did its work is unknown.
        case uncertain
    }

    public init(path: FilePath) { self.path = path }

    /// The folder of an outbox row's attempt below the fleet's `actions` folder.
    public init(item: OutboxID, attempt: Int, under root: FilePath) {
        let safe = item.rawValue.unicodeScalars.map { scalar in
            scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                || "-_.".unicodeScalars.contains(scalar)
                ? String(scalar) : "+" + String(scalar.value, radix: 16) + "+"
        }.joined()
        let name = safe.hasPrefix(".") ? "+2e+" + safe.dropFirst() : safe
        path = root.appending("\(name)@\(attempt)")
    }

    var claim: FilePath { path.appending("claim") }
    var lock: FilePath { path.appending("lock") }
    var stopPipe: FilePath { path.appending("stop") }
    public var output: FilePath { path.appending("output") }
    public var status: FilePath { path.appending("status") }

    /// What became of the action, from its files alone.
    public func fate() throws -> Fate {
        if let status = try readStatus() { return .ended(status) }
        guard unsafe access(claim.string, F_OK) == 0 else { return .unclaimed }
        if isLocked { return .running }
        // The child may have ended between the two looks.
        if let status = try readStatus() { return .ended(status) }
        return .uncertain
    }

    /// Asks the child to end its command as its time limit would: TERM, and KILL five seconds later.
    ///
    /// False while no child listens.
    public func stop() -> Bool {
        do {
            let pipe = try FileDescriptor.open(
                stopPipe, .writeOnly, options: [.nonBlocking, .closeOnExec, .noFollow])
            return try pipe.closeAfter { try pipe.writeAll([0]) == 1 }
        } catch {
            return false
        }
    }

    private func readStatus() throws -> ShellActionStatus? {
        guard let text = try readFile(status, limit: 64) else { return nil }
        return ShellActionStatus(text: text)
    }

    private var isLocked: Bool {
        let descriptor = unsafe open(lock.string, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
            flock(descriptor, LOCK_UN)
            return false
        }
        return errno == EWOULDBLOCK
    }

    /// The last `limit` bytes that the command wrote, damaged UTF-8 replaced.
    public func outputTail(limit: Int = 4096) throws -> String {
        guard let text = try readFile(output, limit: ShellActionRunner.outputLimit + 256) else { return "" }
        return String(decoding: text.utf8.suffix(limit), as: UTF8.self)
    }

    private func readFile(_ file: FilePath, limit: Int) throws -> String? {
        do {
            let descriptor = try FileDescriptor.open(file, .readOnly, options: [.closeOnExec, .noFollow])
            return try descriptor.closeAfter {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 16384)
                while bytes.count < limit {
                    let count = try unsafe buffer.withUnsafeMutableBytes {
                        try unsafe descriptor.read(into: $0)
                    }
                    if count == 0 { break }
                    bytes += buffer[..<count]
                }
                return String(decoding: bytes.prefix(limit), as: UTF8.self)
            }
        } catch Errno.noSuchFileOrDirectory {
            return nil
        }
    }
}

/// How a shell action ended, as one line of text: `exit 3`, `signal 15`, `timeout`, `failed <reason>`.
public enum ShellActionStatus: Equatable, Sendable {
    case exited(Int32)
    case signaled(Int32)
    case timedOut
    /// The shell itself could not be started.
    case failed(String)

    init?(text: String) {
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        switch (words.first, words.count > 1 ? words[1] : "") {
        case ("exit", let code): self = .exited(Int32(code) ?? 255)
        case ("signal", let number): self = .signaled(Int32(number) ?? 0)
        case ("timeout", _): self = .timedOut
        case ("failed", let reason): self = .failed(reason)
        default: return nil
        }
    }

    var text: String {
        switch self {
        case .exited(let code): "exit \(code)\n"
        case .signaled(let number): "signal \(number)\n"
        case .timedOut: "timeout\n"
        case .failed(let reason): "failed \(reason)\n"
        }
    }

    /// As a shell would say it: 128 + signal, 124 for a time-out, 127 when nothing ran.
    public var exitCode: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let number): 128 + number
        case .timedOut: 124
        case .failed: 127
        }
    }
}
