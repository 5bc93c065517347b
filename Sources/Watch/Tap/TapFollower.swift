internal import Core
internal import Foundation
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit

/// Follows one agent's tap: bytes and changes of size in their order, from where the database stands.
///
/// What decides over readings beside the bytes is told to the database: where each change of size took effect (marks),
/// how far the log of sizes was used, and a keyframe after each start of the program, change of size and `settle`. So a reader that is made anew continues exactly as this one would have.
struct TapFollower {
    /// Where to go on from, as the database has it.
    struct Place {
        var offset: Int64 = 0
        var keyframe: TerminalKit.Keyframe?
        /// From the keyframe on; without one all that are known.
        var marks: [TapMark] = []
        /// How far the log of sizes was used.
        var sizes: Int64 = 0
        /// Which start of the agent prints what follows `offset`; nil when nothing was read yet.
        var generation: Int?

        /// What is stored of a subject's tap up to `offset`.
        static func load(
            _ subject: Subject, upTo offset: Int64, from store: FleetStore
        ) async throws -> Place {
            var place = Place(offset: offset)
            place.keyframe = try await store.keyframe(of: subject, upTo: offset).flatMap(TapFollower.screen)
            let begin = place.keyframe.map { Int64($0.offset) } ?? 0
            place.marks = try await store.tapMarks(of: subject, from: begin)
            return place
        }
    }

    /// Bytes that are read at a time, so that one flood does not delay the other agents.
    static let chunk = 64 << 10
    /// A screen is stored at most after so many bytes.
    static let keyframeDistance: Int64 = 256 << 10

    let path: FilePath
    private(set) var reader: PaneReader
    /// Where changes of size took effect since the last call of `takeMarks`.
    private(set) var resizes: [(offset: Int64, size: TerminalSize)] = []
    /// Only a keyframe remembers what just happened.
    private(set) var needsKeyframe = false
    private var sizes: SizeLog
    private let file: Files.Identity?
    /// What the pane had before the first byte, as far as is known.
    let firstSize: TerminalSize
    /// Which start of the agent said what `read` and `settle` gave last.
    private(set) var generation: Int
    /// Which start of the agent prints what follows.
    private(set) var nextGeneration: Int

    /// Continues at `place`; what lies between its keyframe and its offset is read again without a word.
    ///
    /// `latest` is the agent's last start that is known, `echoes` what was typed before: a row that shares its place with
    /// an echo must be read again as it was read first.
    init(
        path: FilePath, kind: AgentKind, size: TerminalSize, from place: Place = Place(), latest: Int = 1,
        wantsLines: Bool = false, echoes: [String] = []
    ) throws {
        self.path = path
        file = Files.identity(path)
        sizes = SizeLog(path: SizeLog.path(of: path), position: place.sizes)
        try sizes.refresh()
        // A tap that was never read begins before the first start that is noted beside it.
        generation = place.generation ?? sizes.nextStart?.generation.map { max(0, $0 - 1) } ?? latest
        nextGeneration = generation
        let echoed = place.keyframe == nil && place.offset > 0
        if let stored = place.keyframe {
            reader = PaneReader(keyframe: stored)
        } else if echoed {
            reader = try Self.readAgain(path, kind, place, size: size, echoes: echoes)
        } else {
            reader = PaneReader(size: size, kind: kind)
        }
        firstSize = reader.screen.size
        reader.wantsLines = wantsLines
        if !echoed { for text in echoes { reader.expectEcho(text) } }
        let restored = offset
        // A change of size makes a keyframe, so those at the keyframe's own offset are in it already.
        for mark in place.marks where mark.offset > restored && mark.offset <= place.offset {
            try repeatBytes(upTo: mark.offset)
            reader.resize(mark.terminalSize)
        }
        try repeatBytes(upTo: place.offset)
    }

    /// The reader as the marks of the tap give it: no screen is stored, or another version stored it.
    ///
    /// What was said then is not said again, as its starts and quiet moments are repeated with its bytes.
    private static func readAgain(
        _ path: FilePath, _ kind: AgentKind, _ place: Place, size: TerminalSize, echoes: [String]
    ) throws -> PaneReader {
        guard
            var replay = try TapReplay(
                path: path, kind: kind, marks: place.marks.filter { $0.offset <= place.offset })
        else { return PaneReader(size: size, kind: kind) }
        var echoes = echoes
        while replay.nextTime != nil {
            _ = try replay.next(echoes: echoes)
            echoes = []
        }
        return replay.reader
    }

    /// A stored screen; nil when another version stored it.
    static func screen(of stored: StoredKeyframe) -> TerminalKit.Keyframe? {
        try? JSONDecoder().decode(TerminalKit.Keyframe.self, from: Data(stored.state))
    }

    /// Where reading stands.
    var offset: Int64 { Int64(reader.offset) }
    var size: TerminalSize { reader.screen.size }
    /// How far the log of sizes was used.
    var sizesPosition: Int64 { sizes.position }

    /// True when another file lies at the tap's path than the one that was opened.
    var isReplaced: Bool { Files.identity(path) != file }

    /// Bytes that are there and were not read.
    var isBehind: Bool { (Files.size(path) ?? 0) > offset }

    /// The bytes that follow; empty at the end of the tap.
    func nextBytes(limit: Int = chunk) throws -> [UInt8] {
        try Files.read(path, from: offset, limit: limit)
    }

    /// What the bytes that follow say.
    ///
    /// `echoes` must be found out after the bytes were read: then whatever was typed before they were printed is among
    /// them. Ends early where the program was started anew.
    mutating func read(_ bytes: [UInt8], echoes: [String] = []) throws -> [Reading] {
        for text in echoes { reader.expectEcho(text) }
        generation = nextGeneration
        try sizes.refresh()
        var readings: [Reading] = []
        var rest = bytes[...]
        while let entry = sizes.next(upTo: offset + Int64(rest.count)) {
            let head = rest.prefix(Int(max(0, entry.offset - offset)))
            if !head.isEmpty { readings += reader.feed(Array(head)) }
            rest = rest.dropFirst(head.count)
            // In the middle of a character or a sequence a screen can neither change its size nor be stored.
            while !entry.isStart, !reader.screen.isAtGround, let byte = rest.popFirst() {
                readings += reader.feed([byte])
            }
            guard entry.isStart || reader.screen.isAtGround else { break }
            sizes.take()
            if entry.isStart {
                readings += beginAnew(size: entry.size)
                nextGeneration = entry.generation ?? generation + 1
                return readings
            }
            guard entry.size != size else { continue }
            resize(entry.size)
        }
        if !rest.isEmpty { readings += reader.feed(Array(rest)) }
        return readings
    }

    /// Says what stands on the quiet screen as finished; nothing in the middle of an escape sequence, where no keyframe
    /// could remember that it was said.
    mutating func settle() -> [Reading] {
        guard reader.screen.isAtGround else { return [] }
        // Also a look that found nothing is remembered: it decides over which rows the next one looks at.
        needsKeyframe = true
        generation = nextGeneration
        return reader.settle()
    }

    /// Leaves a string that did not end, as tmux does after a while: what follows is shown again.
    mutating func leaveString() {
        // CAN, which throws the string away
        _ = amend([0x18])
    }

    /// Takes up what the pane showed that is not in its tap.
    mutating func amend(_ bytes: [UInt8]) -> [Reading] {
        guard !bytes.isEmpty else { return [] }
        needsKeyframe = true
        return reader.amend(bytes)
    }

    /// What comes next begins a line of its own.
    var isBetweenLines: Bool { reader.screen.isAtGround && reader.screen.cursor.column == 0 }

    /// The pane has another size than the tap's own log says; false when it has not.
    mutating func adopt(_ actual: TerminalSize) -> Bool {
        guard actual != size else { return false }
        resize(actual)
        return true
    }

    private mutating func resize(_ size: TerminalSize) {
        reader.resize(size)
        resizes.append((offset, size))
        needsKeyframe = true
    }

    /// The screen as it stands, to go on from after a restart; nil in the middle of an escape sequence.
    func keyframe() throws -> [UInt8]? {
        guard let keyframe = reader.keyframe() else { return nil }
        return Array(try JSONEncoder().encode(keyframe))
    }

    /// What was to be remembered is in the database.
    mutating func written() {
        resizes = []
        needsKeyframe = false
    }

    /// tmux cleared the pane for a program that was started again.
    private mutating func beginAnew(size: TerminalSize) -> [Reading] {
        let readings = reader.screen.isAtGround ? reader.settle() : []
        reader = reader.restarted(size: size)
        needsKeyframe = true
        resizes.append((offset, size))
        return readings
    }

    private mutating func repeatBytes(upTo end: Int64) throws {
        while offset < end {
            let bytes = try Files.read(path, from: offset, limit: Int(min(Int64(Self.chunk), end - offset)))
            guard !bytes.isEmpty else { return }
            _ = reader.feed(bytes)
        }
    }
}

extension TapMark {
    fileprivate var terminalSize: TerminalSize { TerminalSize(columns: size.columns, rows: size.rows) }
}
