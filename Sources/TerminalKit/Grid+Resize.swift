internal import Core

extension Grid {
    /// Changes both screens to `size` and returns where the cursor is then.
    mutating func resize(to size: TerminalSize) -> (row: Int, column: Int) {
        let old = self.size
        self.size = size
        // Rows beyond the bound are there by chance only.
        if history.count > Self.historyRows { history.removeFirst(history.count - Self.historyRows) }
        let primaryCursor = isAlternate ? (row: old.rows - 1, column: 0) : cursor
        let place = resizePrimary(from: old, cursor: primaryCursor)
        resizeAlternate(from: old)
        dirty = 0..<size.rows
        guard isAlternate else { return place }
        return (min(alternateCursorRow(from: old), size.rows - 1), min(cursor.column, size.columns - 1))
    }

    private func alternateCursorRow(from old: TerminalSize) -> Int {
        let cut = max(0, old.rows - size.rows)
        // tmux takes rows away below the cursor first, then from the top.
        let below = old.rows - 1 - cursor.row
        return cursor.row - max(0, cut - below)
    }

    private static func fit(_ row: inout GridRow, to columns: Int) {
        row.filled = columns
        if row.cells.count > columns {
            row.cells.removeLast(row.cells.count - columns)
        } else if row.cells.count < columns {
            row.cells += ContiguousArray(repeating: Cell(), count: columns - row.cells.count)
        }
        mendWide(&row.cells)
    }

    private mutating func resizeAlternate(from old: TerminalSize) {
        let cut = old.rows - size.rows
        if cut > 0 {
            let below = isAlternate ? min(cut, old.rows - 1 - cursor.row) : cut
            alternate.removeLast(below)
            alternate.removeFirst(cut - below)
        } else if cut < 0 {
            alternate += blankRows(-cut)
        }
        for row in alternate.indices { Self.fit(&alternate[row], to: size.columns) }
    }

    /// First the height, with rows from and to the history; then the width, with all wraps made anew.
    private mutating func resizePrimary(from old: TerminalSize, cursor: (row: Int, column: Int)) -> (
        row: Int, column: Int
    ) {
        var place = cursor
        if size.rows < old.rows {
            let cut = old.rows - size.rows
            let below = min(cut, old.rows - 1 - place.row)
            primary.removeLast(below)
            let above = cut - below
            history += primary[..<above]
            primary.removeFirst(above)
            place.row -= above
        } else if size.rows > old.rows {
            let back = min(size.rows - old.rows, history.count)
            primary.insert(contentsOf: history[(history.count - back)...], at: 0)
            history.removeLast(back)
            place.row += back
            primary += blankRows(size.rows - old.rows - back)
        }
        if size.columns != old.columns { place = reflow(cursor: place) }
        for row in primary.indices { Self.fit(&primary[row], to: size.columns) }
        if history.count > 2 * Self.historyRows { history.removeFirst(history.count - Self.historyRows) }
        return (min(max(place.row, 0), size.rows - 1), min(place.column, size.columns - 1))
    }

    /// Wraps history and screen anew; the cursor stays on its character.
    private mutating func reflow(cursor: (row: Int, column: Int)) -> (row: Int, column: Int) {
        let old = history + primary
        let cursorRow = history.count + cursor.row
        var rows: [GridRow] = []
        var place = (row: 0, column: cursor.column)
        var index = 0
        while index < old.count {
            var end = index
            while end + 1 < old.count, old[end].isWrapped { end += 1 }
            var cells = ContiguousArray<Cell>()
            var offset: Int?
            for part in index...end {
                if part == cursorRow { offset = cells.count + cursor.column }
                cells += part < end ? old[part].cells[...] : old[part].cells[..<used(old[part])]
                // The last column before a wide character that did not fit holds nothing.
                if part < end, let last = cells.last, last.content == 0, last.width == 1 {
                    cells.removeLast()
                }
            }
            let first = rows.count
            wrap(cells, serial: old[index].serial, into: &rows)
            if let offset {
                place.row = min(first + offset / size.columns, rows.count - 1)
                place.column =
                    first + offset / size.columns > rows.count - 1 ? size.columns - 1 : offset % size.columns
            }
            index = end + 1
        }
        return settle(rows, place)
    }

    private mutating func settle(_ all: [GridRow], _ cursor: (row: Int, column: Int)) -> (
        row: Int, column: Int
    ) {
        var rows = all
        // Blank rows below the cursor give way before text leaves through the top.
        while rows.count > size.rows, rows.count - 1 > cursor.row, let last = rows.last, used(last) == 0 {
            rows.removeLast()
        }
        let above = max(0, rows.count - size.rows)
        history = Array(rows[..<above].suffix(Self.historyRows))
        primary = Array(rows[above...])
        if primary.count < size.rows { primary += blankRows(size.rows - primary.count) }
        return (cursor.row - above, cursor.column)
    }

    private func used(_ row: GridRow) -> Int {
        var end = row.cells.count
        while end > 0, row.cells[end - 1].content == 0, row.cells[end - 1].width == 1 { end -= 1 }
        return end
    }

    private mutating func wrap(_ cells: ContiguousArray<Cell>, serial: UInt64, into rows: inout [GridRow]) {
        var start = 0
        var serial = serial
        repeat {
            var end = min(start + size.columns, cells.count)
            if end < cells.count, end - start > 1, cells[end].width == 0 { end -= 1 }
            var row = GridRow(cells: ContiguousArray(cells[start..<end]), serial: serial)
            row.isWrapped = end < cells.count
            rows.append(row)
            start = end
            serial = newSerial()
        } while start < cells.count
    }
}
