internal import Core
internal import TerminalKit
internal import TmuxKit

/// What a pane showed when its tap ended: what a capture is compared with.
struct KnownScreen: Sendable, Equatable {
    /// Right-trimmed, one for each row of the screen.
    var rows: [String]
    var isAlternate = false
    var isCursorVisible = true
    var cursorRow = 0
    var cursorColumn = 0
    var title = ""
    /// How many rows tmux kept above the screen then; nil when that is not known.
    var historySize: Int?
}

/// The bytes that bring a reader from what it knows of a pane to what a capture shows, as a program would have printed them.
///
/// Appended to the tap they are read like any others: rows that scrolled off come one after another, changed rows are
/// written in their place, and what did not change is not said again. Pure.
struct ScreenCatchUp: Equatable {
    var bytes: [UInt8] = []
    /// Rows were printed and scrolled off that nobody can see any more.
    var hasGap = false
    /// The pane changed between its two screens: compare once more when these bytes are read.
    var needsAnother = false

    init(from known: KnownScreen, to capture: PaneHistory) {
        if known.isAlternate != capture.pane.isAlternate {
            bytes = Array("\u{1b}[?1049\(capture.pane.isAlternate ? "h" : "l")".utf8)
            needsAnother = true
            return
        }
        let height = known.rows.count
        let above = capture.rows.count - height
        guard above >= 0, height > 0 else { return }
        let scrolled: Int
        (scrolled, hasGap) = Self.scrolled(known, capture, above: above)
        var writer = RowWriter(known: known, columns: capture.pane.columns)
        writer.write(Array(capture.rows[(above - scrolled)...]))
        writer.finish(capture)
        guard writer.hasWritten || capture.pane.title != known.title else { return }
        bytes = writer.bytes
        if capture.pane.title != known.title {
            bytes += Array("\u{1b}]2;\(Self.printable(capture.pane.title))\u{7}".utf8)
        }
        bytes += HistoryNote.bytes(capture.historySize)
    }

    /// How many rows have scrolled off since, of the `above` rows that the capture has above its screen.
    private static func scrolled(
        _ known: KnownScreen, _ capture: PaneHistory, above: Int
    ) -> (rows: Int, hasGap: Bool) {
        guard !capture.pane.isAlternate else { return (0, false) }
        let filled = known.rows.count { !$0.isEmpty }
        if filled == 0, known.historySize == nil { return (above, false) }
        func matches(_ scrolled: Int) -> Int {
            known.rows.indices.count { index in
                !known.rows[index].isEmpty
                    && LineDrawing.isSame(known.rows[index], capture.rows[above - scrolled + index])
            }
        }
        if let before = known.historySize, capture.historySize >= before {
            let count = capture.historySize - before
            // What scrolled off is not changed any more, so most of what was known must be there.
            if count <= above, 2 * matches(count) >= filled { return (count, false) }
        }
        var best = (rows: 0, matches: matches(0))
        for count in stride(from: 1, through: above, by: 1) {
            let found = matches(count)
            if found > best.matches { best = (count, found) }
        }
        if best.matches > 0 { return (best.rows, false) }
        guard let before = known.historySize, capture.historySize > before else { return (0, false) }
        // All that was known is gone, and rows went by.
        let count = capture.historySize - before
        return (min(count, above), count > above)
    }

    /// The bytes that show a known screen on an empty one.
    static func bytes(of known: KnownScreen) -> [UInt8] {
        let rows = known.rows.map(printable).joined(separator: "\r\n")
        let place = "\u{1b}[\(known.cursorRow + 1);\(known.cursorColumn + 1)H"
        return Array("\(known.isAlternate ? "\u{1b}[?1049h" : "")\u{1b}[H\(rows)\(place)".utf8)
    }

    static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) }))
    }
}

/// Writes rows over a known screen, and behind its last row.
private struct RowWriter {
    let known: KnownScreen
    let columns: Int
    var bytes: [UInt8] = []
    private(set) var hasWritten = false
    private var hidesCursor = false
    /// The row that was written last, when the cursor still stands at its end.
    private var last: Int?
    private var isLastFull = false

    init(known: KnownScreen, columns: Int) {
        self.known = known
        self.columns = columns
    }

    mutating func write(_ rows: [String]) {
        let height = known.rows.count
        var changed = (0..<height).filter { !LineDrawing.isSame(known.rows[$0], rows[$0]) }
        // A program that writes above the cursor is painting; what follows the cursor is printed.
        if let first = changed.first, first < known.cursorRow { hidesCursor = known.isCursorVisible }
        if rows.count > height, !changed.contains(height - 1), isFull(rows[height - 1]) {
            // Only behind its own text a line goes on in the next row.
            changed.append(height - 1)
        }
        guard !changed.isEmpty || rows.count > height else { return }
        hasWritten = true
        if hidesCursor { add("\u{1b}[?25l") }
        for row in changed { put(rows[row], in: row, over: known.rows[row]) }
        for row in height..<max(height, rows.count) {
            if last != row - 1 { add("\u{1b}[\(height);1H") }
            if last != row - 1 || !isLastFull { add("\r\n") }
            put(rows[row], at: row)
        }
    }

    private mutating func put(_ text: String, in row: Int, over old: String) {
        if last == row - 1, isLastFull {
            // The text of the row above goes on here.
        } else if last == row - 1, !hidesCursor {
            add("\r\n")
        } else {
            add("\u{1b}[\(row + 1);1H")
        }
        if !old.isEmpty { add("\u{1b}[2K") }
        put(text, at: row)
    }

    private mutating func put(_ text: String, at row: Int) {
        add(ScreenCatchUp.printable(text))
        (last, isLastFull) = (row, isFull(text))
    }

    private func isFull(_ text: String) -> Bool { text.displayWidth >= columns }

    mutating func finish(_ capture: PaneHistory) {
        // A painter's last move, by which readers of the alternate screen know that a picture is whole.
        if known.isAlternate, hasWritten { add("\u{1b}[\(known.rows.count);1H") }
        let isMoved = (known.cursorRow, known.cursorColumn) != (capture.cursorRow, capture.cursorColumn)
        let isVisible = known.isCursorVisible && !hidesCursor
        guard hasWritten || isMoved || isVisible != capture.isCursorVisible else { return }
        hasWritten = true
        add("\u{1b}[\(capture.cursorRow + 1);\(capture.cursorColumn + 1)H")
        if isVisible != capture.isCursorVisible { add("\u{1b}[?25\(capture.isCursorVisible ? "h" : "l")") }
    }

    private mutating func add(_ text: String) { bytes += Array(text.utf8) }
}
