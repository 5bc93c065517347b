public import Core
internal import Crypto

/// A whole line of the bus.
public struct BusLine: Sendable, Equatable {
    /// Nil for a line that is no JSON object.
    public var object: JSONObject?
    /// Behind the line.
    public var end: BusPosition
    /// Where it begins.
    public var start: BusPosition
    private let hash: String

    init(_ bytes: some Sequence<UInt8>, from start: BusPosition, to end: BusPosition) {
        self.start = start
        self.end = end
        hash = Hexadecimal.text(Array(SHA256.hash(data: Array(bytes)).prefix(6)))
        object = try? JSONValue.parse(
            bytes: Array(bytes), limits: .init(depth: 64, bytes: BusReader.mostBytes)
        ).object
    }

    /// What its writer called it, else its place and a hash of it: a line that is read twice has the same, and another
    /// one at its place, in a file that was emptied, has not.
    public var id: String {
        let given = object?["id"].flatMap { value in value.string ?? value.integer.map(String.init) }
        if let given, !given.isEmpty, given.utf8.count <= 200 { return given }
        return "at-\(start.generation)-\(start.offset)-\(hash)"
    }

    /// `ts`: seconds since 1970, whole or not; nil when the line does not say.
    public var at: Timestamp? {
        switch object?["ts"] {
        case .integer(let seconds) where (0..<1 << 40).contains(seconds):
            Timestamp(milliseconds: seconds * 1000)
        case .number(let seconds) where seconds >= 0 && seconds < 1e12:
            Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
        default: nil
        }
    }
}

extension Timestamp {
    /// As `ts` of the bus: seconds with a fraction.
    public var busTime: JSONValue { .number(Double(milliseconds) / 1000) }
}
