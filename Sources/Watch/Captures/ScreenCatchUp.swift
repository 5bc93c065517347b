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
    /// The last rows that scrolled off, which nothing changes any more; none when they are not known.
    var above: [String] = []
}

extension KnownScreen {
    init(_ screen: TerminalScreen, historySize: Int?) {
        let cursor = screen.cursor
        self.init(
            rows: screen.rows, isAlternate: screen.isAlternate, isCursorVisible: screen.isCursorVisible,
            cursorRow: cursor.row, cursorColumn: cursor.column, title: screen.title,
            historySize: historySize,
            above: screen.history(after: 0).suffix(Self.mostAbove).map { row in
                String(LineDrawing.trimmed(row.runs.map(\.text).joined()))
            })
    }

    /// Enough that a burst of prompts does not look like it.
    private static let mostAbove = 50
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
        if let before = known.historySize, capture.historySize >= before {
            let count = capture.historySize - before
            // What scrolled off is not changed any more, so most of what was known must be there.
            if count <= above {
                let found = Likeness(known, capture, at: above - count)
                if 2 * found.screen >= filled, !found.isContradicted || found.isConvincing {
                    return (count, false)
                }
            }
        }
        var best = (rows: 0, likeness: Likeness(known, capture, at: above))
        for count in stride(from: 1, through: above, by: 1) {
            let likeness = Likeness(known, capture, at: above - count)
            if likeness.isBetter(than: best.likeness) { best = (count, likeness) }
        }
        if best.likeness.isConvincing { return (best.rows, false) }
        guard let before = known.historySize else { return (0, false) }
        if capture.historySize > before {
            // All that was known is gone, and rows went by.
            let count = capture.historySize - before
            return (min(count, above), count > above)
        }
        // tmux keeps so many rows and then throws a tenth of them away, so their number alone says nothing.
        return isNewer(capture, than: known) ? (above, true) : (0, capture.historySize < before)
    }

    /// Most of the rows that nothing changes are gone, wherever they stood: all that is there came behind them.
    private static func isNewer(_ capture: PaneHistory, than known: KnownScreen) -> Bool {
        let fixed = known.above.filter { !$0.isEmpty }
        let left = fixed.count { row in capture.rows.contains { LineDrawing.isSame(row, $0) } }
        return !fixed.isEmpty && 2 * left < fixed.count
    }

    /// The bytes that show a known screen on an empty one.
    static func bytes(of known: KnownScreen) -> [UInt8] {
        let rows = known.rows.map(printable).joined(separator: "\r\n")
        let place = "\u{1b}[\(known.cursorRow + 1);\(known.cursorColumn + 1)H"
        return Array("\(known.isAlternate ? "\u{1b}[?1049h" : "")\u{1b}[H\(rows)\(place)".utf8)
    }

    static func printable(_ text: String) -> String {
        let kept = text.unicodeScalars.filter { $0.value >= 0x20 && !(0x7f..<0xa0).contains($0.value) }
        return String(String.UnicodeScalarView(kept))
    }
}

/// How much of a known screen and of the rows above it stands in a capture, with the screen's first row in one of its rows.
private struct Likeness {
    /// Rows that are the same; empty ones do not count.
    private(set) var screen = 0
    private var above = 0
    /// Rows above the screen that the capture could show.
    private var seen = 0

    init(_ known: KnownScreen, _ capture: PaneHistory, at first: Int) {
        for (index, row) in known.rows.enumerated() where !row.isEmpty {
            if LineDrawing.isSame(row, capture.rows[first + index]) { screen += 1 }
        }
        for (index, row) in known.above.reversed().prefix(first).enumerated() where !row.isEmpty {
            seen += 1
            if LineDrawing.isSame(row, capture.rows[first - 1 - index]) { above += 1 }
        }
    }

    /// Rows that nothing changes are others; a screen that was cleared leaves some between them that were never read.
    var isContradicted: Bool { 2 * above < seen }

    /// A lone prompt is like every other: where more is known, more must be the same.
    var isConvincing: Bool { isContradicted ? screen > 2 : above + screen > 0 }

    func isBetter(than other: Likeness) -> Bool {
        (isConvincing ? 1 : 0, above + screen) > (other.isConvincing ? 1 : 0, other.above + other.screen)
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
