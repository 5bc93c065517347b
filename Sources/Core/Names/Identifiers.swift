/// A value that is a checked string: an id or a name that crosses room boundaries.
public protocol StringIdentifier: Hashable, Sendable, Codable, CustomStringConvertible, Comparable {
    var rawValue: String { get }
    init(rawValue: String)
}

extension StringIdentifier {
    public var description: String { rawValue }
    public init(_ rawValue: String) { self.init(rawValue: rawValue) }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    public init(from decoder: any Decoder) throws {
        self.init(rawValue: try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

/// A fleet's random id, kept in `<git common dir>/tmux-agent/id`.
public struct FleetID: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// An agent's id: stable over restarts of the agent, the daemon and tmux.
public struct AgentID: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// One pass of a subject through a pipeline.
public struct RunID: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

public struct ApprovalID: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// The idempotency key of an outbox row.
public struct OutboxID: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A tmux session's name as tmux holds it (tmux turns `.` and `:` into `_`).
public struct SessionName: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
}

/// A tmux pane id such as `%3`: unique for the life of one tmux server only.
public struct PaneID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let number: Int

    /// Nil unless the text is `%` and decimal digits.
    public init?(_ text: String) {
        guard text.utf8.first == UInt8(ascii: "%"), let number = Int(text.dropFirst()), number >= 0,
            text.utf8.count == String(number).utf8.count + 1
        else { return nil }
        self.number = number
    }

    public var description: String { "%\(number)" }
}

/// One tmux server's life: pane ids mean something only together with it.
public struct TmuxServerID: Hashable, Sendable, Codable {
    public let socket: String
    public let pid: Int32
    /// `#{start_time}`: seconds since 1970.
    public let startTime: Int64

    public init(socket: String, pid: Int32, startTime: Int64) {
        self.socket = socket
        self.pid = pid
        self.startTime = startTime
    }
}

/// Makes ids from a source of randomness handed in by the composition root.
public struct IDMaker: Sendable {
    private let random: @Sendable () -> UInt64

    public init(random: @escaping @Sendable () -> UInt64) { self.random = random }

    /// `prefix` + `-` + 13 characters of base 32 (64 bits), in lower case.
    public func make(_ prefix: String) -> String {
        var bytes = Array(prefix.utf8)
        bytes.reserveCapacity(bytes.count + 14)
        bytes.append(UInt8(ascii: "-"))
        var value = random()
        for _ in 0..<13 {
            bytes.append(Self.alphabet[Int(value & 31)])
            value >>= 5
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}
