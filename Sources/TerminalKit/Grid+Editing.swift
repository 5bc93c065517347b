internal import Core

/// What libvterm orders: glyphs, erasures and scrolls.
extension Grid {
    mutating func put(_ content: UInt32, width: Int, row: Int, column: Int) {
        // In a pane of one column libvterm puts wide characters before the first.
        guard (0..<size.rows).contains(row), (0..<size.columns).contains(column) else { return }
        lastErased = nil
        if column == 0, row > 0, let last = lastGlyph, last.row == row - 1,
            last.end >= size.columns - (width > 1 ? 1 : 0)
        {
            rows[row - 1].isWrapped = true
        }
        let style = penIndex()
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

    mutating func erase(rows eraseRows: Range<Int>, columns: Range<Int>) {
        let eraseRows = eraseRows.clamped(to: 0..<size.rows)
        let columns = columns.clamped(to: 0..<size.columns)
        guard !eraseRows.isEmpty, !columns.isEmpty else { return }
        var blank = Cell()
        blank.style = eraseStyle()
        let isFullWidth = columns.count == size.columns
        // Erasing from the first cell on comes as the first row and then the rows below it.
        let follows = eraseRows.lowerBound == 1 && lastErased == 0..<1
        let whole = isFullWidth && eraseRows.upperBound == size.rows && (eraseRows.lowerBound == 0 || follows)
        lastErased = isFullWidth ? eraseRows : nil
        if whole {
            clears += 1
            for row in rows.indices {
                let serial = newSerial()
                rows[row].serial = serial
            }
        }
        for row in eraseRows {
            if columns.upperBound == size.columns { rows[row].isWrapped = false }
            Self.blankCells(&rows[row].cells, columns, with: blank)
            if blank.style != 0 { rows[row].filled = max(rows[row].filled, columns.upperBound) }
            if isFullWidth {
                rows[row].mayMention = false
                if blank.style == 0 { rows[row].filled = 0 }
            }
            mendWide(row: row, at: columns)
        }
        touch(eraseRows)
    }

    private static func blankCells(
        _ cells: inout ContiguousArray<Cell>, _ columns: Range<Int>, with blank: Cell
    ) {
        for column in columns { cells[column] = blank }
    }

    /// Blanks the other half of a wide character that was cut at an edge of `columns`.
    private mutating func mendWide(row: Int, at columns: Range<Int>) {
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

    mutating func scroll(rows area: Range<Int>, columns: Range<Int>, down: Int, right: Int) {
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

    private mutating func scrollRows(_ area: Range<Int>, by down: Int) {
        if down > 0 { leave(area.lowerBound..<area.lowerBound + down) }
        if down == 1 {
            rows.remove(at: area.lowerBound)
            let blank = blankRow(style: eraseStyle())
            return rows.insert(blank, at: area.upperBound - 1)
        }
        let style = eraseStyle()
        var blanks: [GridRow] = []
        for _ in 0..<abs(down) { blanks.append(blankRow(style: style)) }
        if down > 0 {
            rows.removeSubrange(area.lowerBound..<area.lowerBound + down)
            rows.insert(contentsOf: blanks, at: area.upperBound - down)
        } else if down < 0 {
            rows.removeSubrange(area.upperBound + down..<area.upperBound)
            rows.insert(contentsOf: blanks, at: area.lowerBound)
        }
    }

    /// The number of the style that erased cells have.
    private mutating func eraseStyle() -> UInt16 {
        guard pen.background != .standard else { return 0 }
        var style = TerminalStyle.plain
        style.background = pen.background
        return styles.index(of: style)
    }

    /// Keeps rows that scroll off the top of the primary screen.
    private mutating func leave(_ area: Range<Int>) {
        guard area.lowerBound == 0, !isAlternate else { return }
        for row in area {
            scrolledOff.append(primary[row])
            if area.upperBound - row <= Self.historyRows { history.append(primary[row].compact) }
        }
        if history.count > 2 * Self.historyRows { history.removeFirst(history.count - Self.historyRows) }
    }

    private mutating func moveCells(_ area: Range<Int>, _ columns: Range<Int>, down: Int, right: Int) {
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
}
