internal import Core
internal import Glibc
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit

/// Reads a recorded tap again as the watcher did: the same bytes with the same changes of size, at the times of the marks.
///
/// One stretch between two marks at a time, so that a long tap need not be in memory.
struct TapReplay {
    /// What one stretch of the tap said, and when the watcher knew it.
    struct Stretch {
        var at: Timestamp
        var readings: [Reading]
        var title: String
    }

    /// Bytes before this offset are not on the disk any more, or lie before what was asked for.
    let firstOffset: Int64
    /// How many bytes of the asked-for time are not on the disk any more.
    let missing: Int64
    private let path: FilePath
    private(set) var reader: PaneReader
    private var marks: ArraySlice<TapMark>
    private var starts: ArraySlice<SizeLog.Entry>
    private var last: TapMark
    private let since: Timestamp

    /// Nil when there is no tap, or nothing of it was read since `since`.
    init?(
        path: FilePath, kind: AgentKind, marks: [TapMark], keyframe: TerminalKit.Keyframe? = nil,
        since: Timestamp = .longAgo
    ) throws {
        guard Files.exists(path), let first = marks.first, marks.contains(where: { $0.at >= since }) else {
            return nil
        }
        self.path = path
        self.since = since
        let asked = marks.last { $0.at < since }?.offset ?? 0
        let onDisk = try Self.firstByte(of: path)
        missing = max(0, onDisk - asked)
        starts = try SizeLog.starts(of: path)[...]
        if let keyframe, Int64(keyframe.offset) >= onDisk {
            reader = PaneReader(keyframe: keyframe)
        } else {
            let offset = onDisk == 0 ? 0 : try Self.nextLine(of: path, from: onDisk)
            let known = offset == 0 ? first : marks.last { $0.offset <= offset }
            let size = (known ?? first).terminalSize
            reader = PaneReader(size: size, kind: kind, offset: UInt64(offset))
        }
        let begin = Int64(reader.offset)
        firstOffset = max(begin, asked)
        reader.wantsLines = true
        last = begin == 0 ? first : marks.last { $0.offset <= begin } ?? first
        self.marks = begin == 0 ? marks.dropFirst() : marks.drop { $0.offset <= begin }
        starts = starts.drop { $0.offset < begin }
    }

    /// Which program's manners the pane has; another one from the next stretch on.
    var kind: AgentKind? {
        get { reader.kind }
        set { reader.kind = newValue }
    }

    /// When the next stretch became known; nil at the end.
    ///
    /// Stretches of the time before come first, in silence.
    var nextTime: Timestamp? { marks.first?.at }

    /// The next stretch; nil at the end, and for one of the time before.
    mutating func next(echoes: [String]) throws -> Stretch? {
        guard let mark = marks.popFirst() else { return nil }
        for text in echoes { reader.expectEcho(text) }
        var readings: [Reading] = []
        var isStart = false
        while let start = starts.first, start.offset <= mark.offset, start.at <= mark.at {
            starts.removeFirst()
            try feed(upTo: start.offset, &readings)
            if reader.screen.isAtGround { readings += reader.settle() }
            reader = reader.restarted(size: mark.terminalSize)
            isStart = true
        }
        try feed(upTo: mark.offset, &readings)
        if mark.terminalSize != reader.screen.size {
            reader.resize(mark.terminalSize)
        } else if !isStart, mark.size == last.size, mark.offset == last.offset, mark.at > last.at,
            reader.screen.isAtGround
        {
            readings += reader.settle()
        }
        last = mark
        guard mark.at >= since else { return nil }
        return Stretch(at: mark.at, readings: readings, title: reader.screen.title)
    }

    private mutating func feed(upTo end: Int64, _ readings: inout [Reading]) throws {
        while Int64(reader.offset) < end {
            let offset = Int64(reader.offset)
            let bytes = try Files.read(
                path, from: offset, limit: Int(min(Int64(TapFollower.chunk), end - offset)))
            guard !bytes.isEmpty else { return }
            readings += reader.feed(bytes)
        }
    }

    /// Where the bytes begin whose blocks were not given back.
    private static func firstByte(of path: FilePath) throws -> Int64 {
        let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        return try file.closeAfter {
            // SEEK_DATA, which Swift's Glibc module does not show.
            let offset = lseek(file.rawValue, 0, 3)
            // A file that is all hole, or a file system that knows no holes.
            return offset < 0
                ? (errno == ENXIO ? Int64(lseek(file.rawValue, 0, SEEK_END)) : 0) : Int64(offset)
        }
    }

    /// Behind the first line's end: what stands before it is the rest of something that is gone.
    private static func nextLine(of path: FilePath, from offset: Int64) throws -> Int64 {
        let bytes = try Files.read(path, from: offset, limit: TapFollower.chunk)
        return bytes.firstIndex(of: UInt8(ascii: "\n")).map { offset + Int64($0) + 1 } ?? offset
    }
}

extension TapMark {
    fileprivate var terminalSize: TerminalSize { TerminalSize(columns: size.columns, rows: size.rows) }
}

extension SizeLog {
    /// Where the program was started in an empty pane.
    static func starts(of tap: FilePath) throws -> [Entry] {
        var log = SizeLog(path: path(of: tap))
        try log.refresh()
        var starts: [Entry] = []
        while let entry = log.next(upTo: .max) {
            if entry.isStart { starts.append(entry) }
            log.take()
        }
        return starts
    }
}
