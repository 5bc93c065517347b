internal import Core

/// The rows that a terminal shows, kept for libvterm's state layer, which reports glyphs, scrolls and erasures.
///
/// libvterm's own screen layer copies all cells on every scroll and knows no wraps; here a scroll moves row
/// references, and a wrap is seen as a glyph in column 0 right after one in the last column.
final class Grid {
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

    /// Scratch for making text.
    var textBytes: [UInt8] = []

    static let historyRows = 128
    /// The `Y` of `SENTRY`.
    static let lastOfMarker: UInt32 = 0x59

    init(size: TerminalSize) {
        self.size = size
        primary = []
        alternate = []
        primary = blankRows(size.rows)
        alternate = blankRows(size.rows)
    }

    var rows: [GridRow] {
        _read { yield isAlternate ? alternate : primary }
        _modify {
            if isAlternate { yield &alternate } else { yield &primary }
        }
    }

    func blankRows(_ count: Int) -> [GridRow] {
        (0..<count).map { _ in blankRow() }
    }

    func blankRow(style: UInt16 = 0) -> GridRow {
        defer { nextSerial += 1 }
        var blank = Cell()
        blank.style = style
        var row = GridRow(cells: ContiguousArray(repeating: blank, count: size.columns), serial: nextSerial)
        row.mayMention = false
        if style == 0 { row.filled = 0 }
        return row
    }

    func touch(_ rows: Range<Int>) {
        guard let old = dirty else { return dirty = rows }
        dirty = min(old.lowerBound, rows.lowerBound)..<max(old.upperBound, rows.upperBound)
    }

    func setPen(_ style: TerminalStyle) {
        pen = style
        penNumber = nil
    }

    /// The pen's style by its number; most pens are changed again before anything is written with them.
    var penIndex: UInt16 {
        if let penNumber { return penNumber }
        if styles.isDue { compactStyles() }
        let number = pen == .plain ? 0 : styles.index(of: pen)
        penNumber = number
        return number
    }

    /// Forgets styles that no cell uses any more.
    private func compactStyles() {
        let old = styles
        styles = StyleTable()
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
    }

    /// The content of a cell that holds these scalars.
    func content(_ scalars: [UInt32]) -> UInt32 {
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
    private func compactClusters() {
        let old = clusters
        clusters = ClusterTable()
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
    }

    /// Puts a character without width onto the one left of the cursor, as tmux does: at most 21 bytes in a cell.
    func combine(_ scalar: UInt32) {
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
    func forgetLastGlyph() {
        lastGlyph = nil
        isWrapDue = false
    }

    /// libvterm has moved the cursor: behind the last character, onto one that waits for its wrap, or elsewhere.
    func cursorMoved() {
        guard let last = lastGlyph, last.row == cursor.row else { return forgetLastGlyph() }
        if isWrapDue, cursor.column == last.start { return }
        isWrapDue = false
        if cursor.column < min(last.end, size.columns - 1) { lastGlyph = nil }
    }

    func put(_ content: UInt32, width: Int, row: Int, column: Int) {
        // In a pane of one column libvterm puts wide characters before the first.
        guard (0..<size.rows).contains(row), (0..<size.columns).contains(column) else { return }
        lastErased = nil
        if column == 0, row > 0, let last = lastGlyph, last.row == row - 1,
            last.end >= size.columns - (width > 1 ? 1 : 0)
        {
            rows[row - 1].isWrapped = true
        }
        let style = penIndex
        let columns = size.columns
        let mentions = content == Self.lastOfMarker || content >= Cell.firstCluster
        func write(_ cells: inout ContiguousArray<Cell>) {
            // A half of a wide character that is overwritten leaves a blank, not half a character.
            if cells[column].width == 0, column > 0 { cells[column - 1] = Cell() }
            let end = min(column + width, columns)
            if end < columns, cells[end].width == 0 { cells[end] = Cell() }
            cells[column] = Cell(content: content, style: style, width: UInt8(end - column > 1 ? 2 : 1))
            if end - column > 1 { cells[column + 1] = Cell(content: 0, style: style, width: 0) }
        }
        if isAlternate {
            write(&alternate[row].cells)
            alternate[row].filled = max(alternate[row].filled, column + width)
            if mentions { alternate[row].mayMention = true }
        } else {
            write(&primary[row].cells)
            primary[row].filled = max(primary[row].filled, column + width)
            if mentions { primary[row].mayMention = true }
        }
        if column + width >= columns, rows[row].isWrapped { rows[row].isWrapped = false }
        lastGlyph = (row, column, column + width)
        isWrapDue = column + width >= columns && wrapsAtEnd
        touch(row..<row + 1)
    }

    func erase(rows eraseRows: Range<Int>, columns: Range<Int>) {
        let eraseRows = eraseRows.clamped(to: 0..<size.rows)
        let columns = columns.clamped(to: 0..<size.columns)
        guard !eraseRows.isEmpty, !columns.isEmpty else { return }
        var blank = Cell()
        blank.style = eraseStyle
        let isFullWidth = columns.count == size.columns
        // Erasing from the first cell on comes as the first row and then the rows below it.
        let follows = eraseRows.lowerBound == 1 && lastErased == 0..<1
        let whole = isFullWidth && eraseRows.upperBound == size.rows && (eraseRows.lowerBound == 0 || follows)
        lastErased = isFullWidth ? eraseRows : nil
        if whole {
            clears += 1
            for row in rows.indices { rows[row].serial = newSerial() }
        }
        for row in eraseRows {
            if columns.upperBound == size.columns { rows[row].isWrapped = false }
            blankCells(&rows[row].cells, columns, with: blank)
            if blank.style != 0 { rows[row].filled = max(rows[row].filled, columns.upperBound) }
            if isFullWidth {
                rows[row].mayMention = false
                if blank.style == 0 { rows[row].filled = 0 }
            }
            mendWide(row: row, at: columns)
        }
        touch(eraseRows)
    }

    private func blankCells(_ cells: inout ContiguousArray<Cell>, _ columns: Range<Int>, with blank: Cell) {
        for column in columns { cells[column] = blank }
    }

    /// Blanks the other half of a wide character that was cut at an edge of `columns`.
    private func mendWide(row: Int, at columns: Range<Int>) {
        if columns.upperBound < size.columns, rows[row].cells[columns.upperBound].width == 0 {
            rows[row].cells[columns.upperBound] = Cell()
        }
        if columns.lowerBound > 0, rows[row].cells[columns.lowerBound - 1].width == 2 {
            rows[row].cells[columns.lowerBound - 1] = Cell()
        }
    }

    /// Blanks halves of wide characters whose other half is gone.
    static func mendWide(_ cells: inout ContiguousArray<Cell>) {
        for column in cells.indices {
            let isHalf = cells[column].width == 0 && (column == 0 || cells[column - 1].width != 2)
            let isCut =
                cells[column].width == 2 && (column + 1 == cells.count || cells[column + 1].width != 0)
            if isHalf || isCut { cells[column] = Cell() }
        }
    }

    func scroll(rows area: Range<Int>, columns: Range<Int>, down: Int, right: Int) {
        let area = area.clamped(to: 0..<size.rows)
        let columns = columns.clamped(to: 0..<size.columns)
        if abs(down) >= area.count || abs(right) >= columns.count {
            if columns.count == size.columns, down > 0 { leave(area.lowerBound..<area.upperBound) }
            return erase(rows: area, columns: columns)
        }
        if columns.count == size.columns, right == 0 {
            scrollRows(area, by: down)
        } else {
            moveCells(area, columns, down: down, right: right)
        }
        if down > 0, right == 0, columns.count == size.columns, area.count == size.rows {
            // Rows that only moved up are as they were.
            if let old = dirty {
                dirty = max(0, old.lowerBound - down)..<max(0, old.upperBound - down)
                if dirty?.isEmpty == true { dirty = nil }
            }
            touch(area.upperBound - down..<area.upperBound)
        } else {
            touch(area)
        }
        if let last = lastGlyph, area.contains(last.row) { lastGlyph?.row -= down }
    }

    private func scrollRows(_ area: Range<Int>, by down: Int) {
        if down > 0 { leave(area.lowerBound..<area.lowerBound + down) }
        if down == 1 {
            rows.remove(at: area.lowerBound)
            return rows.insert(blankRow(style: eraseStyle), at: area.upperBound - 1)
        }
        let blanks = (0..<abs(down)).map { _ in blankRow(style: eraseStyle) }
        if down > 0 {
            rows.removeSubrange(area.lowerBound..<area.lowerBound + down)
            rows.insert(contentsOf: blanks, at: area.upperBound - down)
        } else if down < 0 {
            rows.removeSubrange(area.upperBound + down..<area.upperBound)
            rows.insert(contentsOf: blanks, at: area.lowerBound)
        }
    }

    /// The number of the style that erased cells have.
    private var eraseStyle: UInt16 {
        guard pen.background != .standard else { return 0 }
        var style = TerminalStyle.plain
        style.background = pen.background
        return styles.index(of: style)
    }

    /// Keeps rows that scroll off the top of the primary screen.
    private func leave(_ area: Range<Int>) {
        guard area.lowerBound == 0, !isAlternate else { return }
        for row in area {
            scrolledOff.append(primary[row])
            if area.upperBound - row <= Self.historyRows { history.append(primary[row].compact) }
        }
        if history.count > 2 * Self.historyRows { history.removeFirst(history.count - Self.historyRows) }
    }

    private func moveCells(_ area: Range<Int>, _ columns: Range<Int>, down: Int, right: Int) {
        let source = rows
        for row in area {
            for column in columns {
                let from = (row + down, column + right)
                let inside = area.contains(from.0) && columns.contains(from.1)
                rows[row].cells[column] = inside ? source[from.0].cells[from.1] : Cell()
            }
            rows[row].mayMention = true
            rows[row].filled = size.columns
            Self.mendWide(&rows[row].cells)
        }
    }

    func newSerial() -> UInt64 {
        defer { nextSerial += 1 }
        return nextSerial
    }

    /// The last serial that a row was given, whether it still stands there or not.
    var lastSerial: UInt64 { nextSerial - 1 }

    /// Makes serials given from now on larger than `serial`.
    func reserveSerials(through serial: UInt64) { nextSerial = max(nextSerial, serial &+ 1) }

    func restoreSerial(_ last: UInt64) { nextSerial = last &+ 1 }
}
