internal import Core
internal import ProcessKit
internal import SystemPackage

/// What tmux and `spawn` noted beside the tap: changes of the pane's size, and starts of the program in an empty pane.
///
/// `<ms> <bytes in the tap> <columns> <rows>` a line, with `start <generation>` behind it for a start. A hook measures the
/// tap a moment after the change, so an offset may lie behind what was read already, and a size may be repeated.
struct SizeLog {
    struct Entry {
        /// When it was written.
        var at: Timestamp
        var offset: Int64
        var size: TerminalSize
        var isStart: Bool
        /// Which start of the agent it is, when that was noted.
        var generation: Int?
        /// Where the next line begins.
        var end: Int64
    }

    let path: FilePath
    /// Behind the last line that took effect: what is stored, so that no line takes effect twice.
    private(set) var position: Int64
    private var readTo: Int64
    private var waiting: [Entry] = []

    init(path: FilePath, position: Int64 = 0) {
        self.path = path
        self.position = position
        readTo = position
    }

    /// The file beside a tap.
    static func path(of tap: FilePath) -> FilePath { FilePath(tap.string + ".sizes") }

    /// Reads lines that were added; a line without its end is read when it is whole.
    mutating func refresh() throws {
        guard let length = Files.size(path) else { return }
        // Somebody emptied or removed it: what stands there now is new.
        if length < readTo { (position, readTo, waiting) = (0, 0, []) }
        guard length > readTo else { return }
        let bytes = try Files.read(path, from: readTo, limit: Int(min(length - readTo, 1 << 20)))
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let next = readTo + Int64(end - start) + 1
            if let entry = Self.entry(bytes[start..<end], end: next) { waiting.append(entry) }
            (start, readTo) = (end + 1, next)
        }
    }

    private static func entry(_ line: ArraySlice<UInt8>, end: Int64) -> Entry? {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        let numbers = words.prefix(4).compactMap { Int64($0) }
        guard numbers.count == 4, (1...10_000).contains(numbers[2]), (1...10_000).contains(numbers[3]),
            numbers[1] >= 0
        else { return nil }
        return Entry(
            at: Timestamp(milliseconds: numbers[0]), offset: numbers[1],
            size: TerminalSize(columns: Int(numbers[2]), rows: Int(numbers[3])),
            isStart: words.count > 4 && words[4] == "start",
            generation: words.count > 5 ? Int(words[5]) : nil,
            end: end)
    }

    /// The next start that has not taken effect.
    var nextStart: Entry? { waiting.first(where: \.isStart) }

    /// The next line, if it has its effect at or before `offset`.
    func next(upTo offset: Int64) -> Entry? { waiting.first.flatMap { $0.offset <= offset ? $0 : nil } }

    /// The next line took effect.
    mutating func take() {
        guard !waiting.isEmpty else { return }
        position = waiting.removeFirst().end
    }
}
