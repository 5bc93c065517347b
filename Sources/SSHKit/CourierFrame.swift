/// What the machine behind a connection says of itself.
public struct RemoteFacts: Sendable, Equatable {
    public var userID: UInt32
    /// Where tmux makes its folder of sockets, without symbolic links.
    public var temporaryFolder: String
    /// The courier's own folder.
    public var folder: String
}

/// What became of an action there.
public enum RemoteFate: Sendable, Equatable {
    /// Nobody claimed it: it may be started.
    case unclaimed
    /// Its status (`exit 3`, `signal 15`, `timeout`, `failed <reason>`) and the end of its output.
    case ended(status: String, output: [UInt8])
    /// Claimed, but neither running nor ended.
    case uncertain
}

/// One thing that the courier says.
enum CourierFrame: Sendable, Equatable {
    case ready(RemoteFacts)
    case refused(String)
    case bytes(file: Int, offset: Int64, bytes: [UInt8])
    /// The file became shorter: it is read from its beginning.
    case cut(file: Int)
    case finished(file: Int)
    case answer(request: Int, isYes: Bool)
    case fate(key: String, RemoteFate)
    case alive
}

/// Reads what the courier says, over bytes that may be cut anywhere.
///
/// A frame of bytes is given out only when the line behind it was seen: a file that was cut while it was sent breaks the
/// connection, not the file that the bytes are for.
struct CourierParser: Sendable {
    /// More than the courier ever puts into one frame.
    static let frameLimit = 1 << 20
    private static let lineLimit = 64 << 10

    private enum Stage {
        /// A login shell may print anything before our own first line.
        case greeting
        case facts(userID: UInt32, lines: [String])
        case line
        case payload(Header, [UInt8])
        case end(Header, [UInt8])
    }

    private struct Header {
        var kind: String
        var id: String
        var offset: Int64
        var length: Int
    }

    struct Malformed: Error, Equatable { var line: String }

    private let nonce: String
    private var stage = Stage.greeting
    private var buffer: [UInt8] = []
    private var status: (key: String, text: String)?

    init(nonce: String) { self.nonce = nonce }

    mutating func receive(_ bytes: ArraySlice<UInt8>) throws(Malformed) -> [CourierFrame] {
        var frames: [CourierFrame] = []
        var rest = bytes
        while !rest.isEmpty {
            if case .payload(let header, var payload) = stage {
                stage = .line  // so that the array has one owner while it grows
                let part = rest.prefix(header.length - payload.count)
                payload += part
                rest = rest.dropFirst(part.count)
                stage = payload.count == header.length ? .end(header, payload) : .payload(header, payload)
                continue
            }
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
                buffer += rest
                // What a login shell prints may be long; it is not kept.
                if buffer.count > Self.lineLimit {
                    guard case .greeting = stage else { throw Malformed(line: text(buffer)) }
                    buffer = []
                }
                return frames
            }
            buffer += rest[..<end]
            rest = rest[(end + 1)...]
            let line = text(buffer)
            buffer.removeAll(keepingCapacity: true)
            if let frame = try take(line) { frames.append(frame) }
        }
        return frames
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private mutating func take(_ line: String) throws(Malformed) -> CourierFrame? {
        switch stage {
        case .greeting: return greet(line)
        case .facts(let userID, var lines):
            lines.append(line)
            stage = lines.count < 2 ? .facts(userID: userID, lines: lines) : .line
            guard lines.count == 2 else { return nil }
            return .ready(RemoteFacts(userID: userID, temporaryFolder: lines[0], folder: lines[1]))
        case .end(let header, let payload):
            guard line == "end \(header.id)" else { throw Malformed(line: line) }
            stage = .line
            return try frame(header, payload)
        case .line, .payload: return try order(line)
        }
    }

    private mutating func greet(_ line: String) -> CourierFrame? {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3, words[1] == nonce else { return nil }
        if words[0] == "refused" { return .refused(words[2]) }
        if words[0] == "ready", let user = UInt32(words[2]) { stage = .facts(userID: user, lines: []) }
        return nil
    }

    private mutating func order(_ line: String) throws(Malformed) -> CourierFrame? {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        switch (words.first, words.count) {
        case ("alive", 1): return .alive
        case ("cut", 3):
            if let file = Int(words[1]) { return .cut(file: file) }
        case ("finished", 2):
            if let file = Int(words[1]) { return .finished(file: file) }
        case ("answer", 3):
            if let request = Int(words[1]) { return .answer(request: request, isYes: words[2] == "yes") }
        case ("unclaimed", 2): return .fate(key: words[1], .unclaimed)
        case ("uncertain", 2): return .fate(key: words[1], .uncertain)
        case ("status", 3):
            status = (words[1], words[2])
            return nil
        case ("bytes", 3), ("output", 3):
            let numbers = words[2].split(separator: " ").dropFirst().compactMap { Int64($0) }
            guard numbers.count == 2, numbers[0] >= 0, (0...Int64(Self.frameLimit)).contains(numbers[1])
            else { break }
            let header = Header(
                kind: words[0], id: words[1], offset: numbers[0], length: Int(numbers[1]))
            stage = header.length == 0 ? .end(header, []) : .payload(header, [])
            return nil
        default: break
        }
        throw Malformed(line: line)
    }

    private mutating func frame(_ header: Header, _ payload: [UInt8]) throws(Malformed) -> CourierFrame {
        if header.kind == "bytes", let file = Int(header.id) {
            return .bytes(file: file, offset: header.offset, bytes: payload)
        }
        if header.kind == "output", let status, status.key == header.id {
            self.status = nil
            return .fate(key: header.id, .ended(status: status.text, output: payload))
        }
        throw Malformed(line: "\(header.kind) \(header.id)")
    }
}
