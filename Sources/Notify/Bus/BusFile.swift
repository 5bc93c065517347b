/// The files of a local bus: one JSON object a line.
public enum BusFile: String, Sendable, CaseIterable {
    /// What people are told: `title`, `body`, `source`, `meta`.
    case notifications
    /// What is to be typed: `text` or `keys`, and into which agent.
    case commands
    /// What people decided: `branch`, `action`, `command`, `meta`.
    case confirmations

    public var name: String { "\(rawValue).jsonl" }
}

/// A place in a file of the bus that stays true when the file is rotated.
public struct BusPosition: Sendable, Hashable, Comparable {
    /// 1 for the first file, one more with each rotation.
    public var generation: Int
    public var offset: Int64

    public init(generation: Int, offset: Int64) {
        self.generation = generation
        self.offset = offset
    }

    /// `2 4096`, as offset files have it.
    init?(_ text: String) {
        let parts = text.split(whereSeparator: \.isWhitespace)
        guard parts.count == 2, let generation = Int(parts[0]), let offset = Int64(parts[1]), generation > 0,
            offset >= 0
        else { return nil }
        self.init(generation: generation, offset: offset)
    }

    var text: String { "\(generation) \(offset)\n" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.generation, left.offset) < (right.generation, right.offset)
    }
}
