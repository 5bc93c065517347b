internal import Core

extension Grid {
    /// The text of a row, right-trimmed of all white space.
    func text(_ row: GridRow) -> String {
        var text = untrimmedText(row)
        while let last = text.unicodeScalars.last,
            last.properties.isWhitespace || (0x1c...0x1f).contains(last.value)
        {
            text.unicodeScalars.removeLast()
        }
        return text
    }

    func untrimmedText(_ row: GridRow) -> String {
        var end = row.cells.count
        while end > 0, row.cells[end - 1].content == 0 { end -= 1 }
        var text = ""
        text.reserveCapacity(end)
        for cell in row.cells[..<end] where cell.width != 0 { append(cell, to: &text) }
        return text
    }

    private func append(_ cell: Cell, to text: inout String) {
        if cell.content == 0 {
            text.unicodeScalars.append(" ")
        } else if cell.content < Cell.firstCluster {
            text.unicodeScalars.append(Unicode.Scalar(cell.content) ?? "\u{fffd}")
        } else {
            for scalar in clusters[Int(cell.content - Cell.firstCluster)] {
                text.unicodeScalars.append(Unicode.Scalar(scalar) ?? "\u{fffd}")
            }
        }
    }

    /// The row as the scanner sees it.
    func screenRow(_ row: GridRow) -> ScreenRow {
        let last = row.cells.last { $0.content > 0x20 }
        let isBold = last.map { styles[$0.style].attributes.contains(.bold) } ?? false
        let first = row.cells.first.map { styles[$0.style].background } ?? .standard
        return ScreenRow(
            text: row.isWrapped ? untrimmedText(row) : text(row), serial: row.serial,
            isWrapped: row.isWrapped, isBold: isBold,
            isShaded: first != .standard)
    }

    func runs(_ row: GridRow) -> [StyledRun] {
        var runs: [StyledRun] = []
        var current: UInt16?
        for cell in row.cells {
            if cell.width == 0 {
                continue
            }
            let columns = Int(cell.width)
            if cell.style != current {
                runs.append(StyledRun(text: "", columns: 0, style: styles[cell.style]))
                current = cell.style
            }
            append(cell, to: &runs[runs.count - 1].text)
            runs[runs.count - 1].columns += columns
        }
        return runs
    }

    /// True when the row holds the word that every marker begins with; cheap enough for every row printed.
    func mentionsMarker(_ row: GridRow) -> Bool {
        let cells = row.cells
        var index = 0
        while index + 5 < cells.count {
            if cells[index].content == 0x53, cells[index + 1].content == 0x45,
                cells[index + 2].content == 0x4e,
                cells[index + 3].content == 0x54, cells[index + 4].content == 0x52,
                cells[index + 5].content == 0x59
            {
                return true
            }
            index += 1
        }
        return false
    }
}
