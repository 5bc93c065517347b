internal import Core

/// The rows that a terminal shows, kept for libvterm's state layer, which reports glyphs, scrolls and erasures.
///
/// libvterm's own screen layer copies all cells on every scroll and knows no wraps; here a scroll moves row
/// references, and a wrap is seen as a glyph in column 0 right after one in the last column.
struct Grid {
    var size: TerminalSize
    var primary: [GridRow]
    var alternate: [GridRow]
    var isAlternate = false
    var cursor = (row: 0, column: 0)
    var isCursorVisible = true
    var title = ""
    private(set) var pen = TerminalStyle.plain
    /// The pen's number, nil until something is written with it.
    private var penNumber: UInt16? = 0
    var styles = StyleTable()
    var clusters = ClusterTable()
    private var nextSerial: UInt64 = 1

    /// Where the last character stands, while nothing else has moved the cursor since.
    var lastGlyph: (row: Int, start: Int, end: Int)?
    /// The last column is written, and the next character goes to the next row.
    var isWrapDue = false
    var wrapsAtEnd = true
    /// Rows that changed since the reader looked.
    var dirty: Range<Int>?
    /// Rows of the last erasure, when nothing was printed since.
    var lastErased: Range<Int>?
    /// Grows when the whole screen is erased at once.
    var clears = 0
    /// Rows that left through the top, oldest first, until the owner takes them.
    var scrolledOff: [GridRow] = []
    /// Rows that left through the top and may come back when the pane grows taller.
    var history: [GridRow] = []

    static let historyRows = 128
    /// The `Y` of `SENTRY`.
    static let lastOfMarker: UInt32 = 0x59

    init(size: TerminalSize) {
        self.size = size
        (primary, alternate) = ([], [])
        primary = blankRows(size.rows)
        alternate = blankRows(size.rows)
    }

    var rows: [GridRow] {
        _read { yield isAlternate ? alternate : primary }
        _modify {
            if isAlternate { yield &alternate } else { yield &primary }
        }
    }

    mutating func blankRows(_ count: Int) -> [GridRow] {
        var rows: [GridRow] = []
        for _ in 0..<count { rows.append(blankRow()) }
        return rows
    }

    mutating func blankRow(style: UInt16 = 0) -> GridRow {
        defer { nextSerial += 1 }
        var blank = Cell()
        blank.style = style
        var row = GridRow(cells: ContiguousArray(repeating: blank, count: size.columns), serial: nextSerial)
        row.mayMention = false
        if style == 0 { row.filled = 0 }
        return row
    }

    mutating func touch(_ rows: Range<Int>) {
        guard let old = dirty else { return dirty = rows }
        dirty = min(old.lowerBound, rows.lowerBound)..<max(old.upperBound, rows.upperBound)
    }

    mutating func setPen(_ style: TerminalStyle) {
        pen = style
        penNumber = nil
    }

    /// The pen's style by its number; most pens are changed again before anything is written with them.
    mutating func penIndex() -> UInt16 {
        if let penNumber { return penNumber }
        if styles.isDue { compactStyles() }
        let number = pen == .plain ? 0 : styles.index(of: pen)
        penNumber = number
        return number
    }

    /// Forgets styles that no cell uses any more.
    private mutating func compactStyles() {
        let old = styles
        var styles = StyleTable()
        func renumber(_ rows: inout [GridRow]) {
            for row in rows.indices {
                for column in rows[row].cells.indices where rows[row].cells[column].style != 0 {
                    let style = old[rows[row].cells[column].style]
                    rows[row].cells[column].style = styles.index(of: style)
                }
            }
        }
        renumber(&primary)
        renumber(&alternate)
        renumber(&history)
        renumber(&scrolledOff)
        styles.wasCompacted()
        self.styles = styles
    }

    /// The content of a cell that holds these scalars.
    mutating func content(_ scalars: [UInt32]) -> UInt32 {
        guard scalars.count > 1 else { return scalars.first ?? 0 }
        if clusters.isDue { compactClusters() }
        return Cell.firstCluster + clusters.index(of: scalars)
    }

    /// The scalars of a cell; a space where nothing was written.
    func scalars(of cell: Cell) -> [UInt32] {
        if cell.content == 0 { return [0x20] }
        return cell.content < Cell.firstCluster ? [cell.content] : clusters[cell.content - Cell.firstCluster]
    }

    /// Forgets clusters that no cell holds any more.
    private mutating func compactClusters() {
        let old = clusters
        var clusters = ClusterTable()
        func renumber(_ rows: inout [GridRow]) {
            for row in rows.indices {
                for column in rows[row].cells.indices
                where rows[row].cells[column].content >= Cell.firstCluster {
                    let scalars = old[rows[row].cells[column].content - Cell.firstCluster]
                    rows[row].cells[column].content = Cell.firstCluster + clusters.index(of: scalars)
                }
            }
        }
        renumber(&primary)
        renumber(&alternate)
        renumber(&history)
        renumber(&scrolledOff)
        clusters.wasCompacted()
        self.clusters = clusters
    }

    /// Puts a character without width onto the one left of the cursor, as tmux does: at most 21 bytes in a cell.
    mutating func combine(_ scalar: UInt32) {
        var column = isWrapDue ? cursor.column : cursor.column - 1
        guard column >= 0 else { return }
        if column > 0, rows[cursor.row].cells[column].width == 0 { column -= 1 }
        let all = scalars(of: rows[cursor.row].cells[column]) + [scalar]
        guard all.reduce(0, { $0 + (Unicode.Scalar($1)?.utf8.count ?? 3) }) <= 21 else { return }
        let content = content(all)
        rows[cursor.row].cells[column].content = content
        rows[cursor.row].filled = max(rows[cursor.row].filled, column + 1)
        touch(cursor.row..<cursor.row + 1)
    }

    /// What stands on the screen has nothing to do with what comes next.
    mutating func forgetLastGlyph() {
        lastGlyph = nil
        isWrapDue = false
    }

    /// libvterm moves the cursor: behind the last character, onto one that waits for its wrap, or elsewhere.
    mutating func moveCursor(row: Int, column: Int) {
        cursor = (min(max(row, 0), size.rows - 1), min(max(column, 0), size.columns - 1))
        guard let last = lastGlyph, last.row == cursor.row else { return forgetLastGlyph() }
        if isWrapDue, cursor.column == last.start { return }
        isWrapDue = false
        if cursor.column < min(last.end, size.columns - 1) { lastGlyph = nil }
    }

    mutating func showAlternate(_ isShown: Bool) {
        isAlternate = isShown
        forgetLastGlyph()
        touch(0..<size.rows)
    }

    mutating func newSerial() -> UInt64 {
        defer { nextSerial += 1 }
        return nextSerial
    }

    /// The last serial that a row was given, whether it still stands there or not.
    var lastSerial: UInt64 { nextSerial - 1 }

    /// Makes serials given from now on larger than `serial`.
    mutating func reserveSerials(through serial: UInt64) { nextSerial = max(nextSerial, serial &+ 1) }

    mutating func restoreSerial(_ last: UInt64) { nextSerial = last &+ 1 }
}
