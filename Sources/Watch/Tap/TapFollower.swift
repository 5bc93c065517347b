internal import Core
internal import Foundation
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit

/// Follows one agent's tap: bytes and changes of size in their order, from where the database stands.
struct TapFollower {
    /// Bytes that are read at a time, so that one flood does not delay the other agents.
    static let chunk = 64 << 10

    let path: FilePath
    let reader: PaneReader
    private(set) var size: TerminalSize
    private var sizes: SizeLog

    /// Continues at `position`; what lies before it is read again without a word, to have the screen.
    ///
    /// `keyframe` is a stored screen at or before `position`; without one the tap is read from its beginning.
    init(path: FilePath, kind: AgentKind, size: TerminalSize, position: Int64, keyframe: StoredKeyframe?)
        throws
    {
        self.path = path
        sizes = SizeLog(path: FilePath(path.string + ".sizes"))
        if let keyframe {
            let stored = try JSONDecoder().decode(TerminalKit.Keyframe.self, from: Data(keyframe.state))
            reader = PaneReader(keyframe: stored)
            self.size = reader.screen.size
            try sizes.skip(upTo: keyframe.offset)
        } else {
            self.size = size
            reader = PaneReader(size: size, kind: kind)
        }
        while Int64(reader.offset) < position {
            let before = reader.offset
            _ = try read(limit: Int(min(Int64(Self.chunk), position - Int64(before))))
            if reader.offset == before { break }
        }
    }

    /// A screen is stored at most after so many bytes.
    static let keyframeDistance: Int64 = 256 << 10

    /// The screen as it stands, to go on from after a restart; nil in the middle of an escape sequence.
    func keyframe() throws -> [UInt8]? {
        guard let keyframe = reader.keyframe() else { return nil }
        return Array(try JSONEncoder().encode(keyframe))
    }

    /// Where reading stands.
    var offset: Int64 { Int64(reader.offset) }

    /// What the next bytes say; empty at the end of the tap.
    mutating func read(limit: Int = chunk) throws -> [Reading] {
        let bytes = try Files.read(path, from: offset, limit: limit)
        try sizes.refresh()
        var readings: [Reading] = []
        var rest = bytes[...]
        while let resize = sizes.next(before: offset + Int64(rest.count)) {
            let head = rest.prefix(Int(max(0, resize.offset - offset)))
            readings += reader.feed(Array(head))
            rest = rest.dropFirst(head.count)
            size = resize.size
            reader.resize(size)
            sizes.advance()
        }
        if !rest.isEmpty { readings += reader.feed(Array(rest)) }
        return readings
    }
}

/// The changes of a pane's size that tmux itself noted beside the tap: `<ms> <bytes in the tap> <columns> <rows>` a line.
struct SizeLog {
    struct Resize {
        var offset: Int64
        var size: TerminalSize
    }

    let path: FilePath
    private var position: Int64 = 0
    private var waiting: [Resize] = []

    init(path: FilePath) { self.path = path }

    /// Reads lines that were added; a line without its end is read when it is whole.
    mutating func refresh() throws {
        guard let length = Files.size(path), length > position else { return }
        let bytes = try Files.read(path, from: position, limit: Int(min(length - position, 1 << 20)))
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return }
        position += Int64(end + 1)
        for line in bytes[..<end].split(separator: UInt8(ascii: "\n")) {
            let numbers = String(decoding: line, as: UTF8.self).split(separator: " ").compactMap { Int64($0) }
            guard numbers.count == 4, numbers[2] > 0, numbers[3] > 0 else { continue }
            let size = TerminalSize(columns: Int(numbers[2]), rows: Int(numbers[3]))
            waiting.append(Resize(offset: numbers[1], size: size))
        }
    }

    /// The next change that takes effect at or before `offset`.
    func next(before offset: Int64) -> Resize? { waiting.first.flatMap { $0.offset <= offset ? $0 : nil } }

    /// Leaves out the changes that a stored screen already has.
    mutating func skip(upTo offset: Int64) throws {
        try refresh()
        waiting.removeAll { $0.offset < offset }
    }

    mutating func advance() { waiting.removeFirst() }
}
