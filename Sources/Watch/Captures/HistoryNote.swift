internal import ProcessKit
internal import SystemPackage

/// How many rows tmux kept above a pane's screen at the end of its tap, as the last bytes of the tap itself.
///
/// A terminal shows nothing of it. In the tap it is written with what it is about, so neither can be lost alone.
enum HistoryNote {
    private static let start = "\u{1b}_tmux-agent-history="
    private static let end = "\u{1b}\\"

    static func bytes(_ size: Int) -> [UInt8] { Array("\(start)\(size)\(end)".utf8) }

    /// Nil when the tap ends with something else.
    static func read(atEndOf tap: FilePath) throws -> Int? {
        guard let size = Files.size(tap), size > 0 else { return nil }
        let from = max(0, size - 64)
        let text = String(decoding: try Files.read(tap, from: from, limit: 64), as: UTF8.self)
        guard text.hasSuffix(end), let begin = text.ranges(of: start).last else { return nil }
        return Int(text[begin.upperBound...].dropLast(end.count))
    }
}
