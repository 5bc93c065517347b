public import Core
internal import TerminalKit

/// Reads a recorded tap as the watcher does and says what it saw; `tmux-agent inspect` prints it.
///
/// There is no clock in it: the same bytes always give the same answer.
public struct TapInspection: Sendable, Equatable {
    /// From the byte at `offset` on the pane has this size.
    public struct Resize: Sendable, Equatable {
        public var offset: Int
        public var size: TerminalSize

        public init(offset: Int, size: TerminalSize) {
            self.offset = offset
            self.size = size
        }
    }

    /// A marker with the offset behind its last byte.
    public struct FoundMarker: Sendable, Equatable {
        public var marker: Marker
        public var offset: UInt64
    }

    public var size: TerminalSize
    /// Bytes that were read.
    public var bytes: Int
    public var title: String
    public var isAlternate: Bool
    /// Right-trimmed.
    public var screen: [String]
    public var markers: [FoundMarker]
    /// Markers that could not be read.
    public var broken: Int
    public var detection: Detection
    /// What the rules looked at.
    public var view: ScreenView
    public var kind: AgentKind?

    /// Reads `tap` up to `until`, or its end; a resize at `until` is not done any more.
    public init(
        tap: [UInt8], size: TerminalSize, resizes: [Resize] = [], until: Int? = nil, kind: AgentKind? = nil,
        rules: DetectionRules?
    ) {
        let end = min(max(until ?? tap.count, 0), tap.count)
        let reader = PaneReader(size: size, kind: kind ?? rules?.kind)
        var readings: [Reading] = []
        var position = 0
        for resize in resizes.sorted(by: { $0.offset < $1.offset }) where resize.offset < end {
            let next = max(position, resize.offset)
            readings += reader.feed(Array(tap[position..<next]))
            reader.resize(resize.size)
            position = next
        }
        readings += reader.feed(Array(tap[position..<end]))
        // A program that is painting at the end has more to say; the last row of a shell has not.
        if !reader.screen.isAlternate, reader.screen.isCursorVisible { readings += reader.settle() }
        self.init(reader, readings, bytes: end, kind: kind ?? rules?.kind, rules: rules)
    }

    private init(
        _ reader: PaneReader, _ readings: [Reading], bytes: Int, kind: AgentKind?, rules: DetectionRules?
    ) {
        size = reader.screen.size
        self.bytes = bytes
        title = reader.screen.title
        isAlternate = reader.screen.isAlternate
        screen = reader.screen.rows
        markers = readings.compactMap { reading in
            guard case .marker(let marker, let offset) = reading else { return nil }
            return FoundMarker(marker: marker, offset: offset)
        }
        broken = readings.count { if case .brokenMarker = $0 { true } else { false } }
        let view = ScreenView(rows: screen, title: title, cursorRow: reader.screen.cursor.row)
        detection = rules?.judge(view) ?? Detection(state: .unknown)
        self.view = view
        self.kind = kind
    }

    /// The keys and shapes that `inspect --json` promises.
    public var json: JSONValue {
        let found = markers.map { found -> JSONValue in
            [
                "payload": .object(found.marker.payload.object), "offset": .integer(Int64(found.offset)),
                "repaired": .bool(found.marker.repaired),
            ]
        }
        let why = detection.why.map { JSONValue.string($0.described(kind: kind ?? AgentKind("unknown"))) }
        return [
            "size": .string(size.description), "bytes": .integer(Int64(bytes)), "title": .string(title),
            "alternate": .bool(isAlternate), "screen": .array(screen.map { .string($0) }),
            "markers": .array(found), "broken_markers": .integer(Int64(broken)),
            "state": .string(detection.state.rawValue),
            "waiting_for": detection.waitingFor.map { .string($0.rawValue) } ?? .null, "why": .array(why),
        ]
    }
}
