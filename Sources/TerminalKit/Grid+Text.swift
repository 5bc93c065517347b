internal import Core

extension Grid {
    /// The text of a row, right-trimmed of all white space.
    func text(_ row: GridRow) -> String {
        var end = min(row.filled, row.cells.count)
        while end > 0, isBlank(row.cells[end - 1].content) { end -= 1 }
        return text(row.cells, upTo: end)
    }

    func untrimmedText(_ row: GridRow) -> String {
        var end = min(row.filled, row.cells.count)
        while end > 0, row.cells[end - 1].content == 0 { end -= 1 }
        return text(row.cells, upTo: end)
    }

    private func isBlank(_ content: UInt32) -> Bool {
        switch content {
        case 0, 0x09...0x0d, 0x1c...0x20, 0x85, 0xa0, 0x1680, 0x2000...0x200a, 0x2028, 0x2029, 0x202f, 0x205f,
            0x3000:
            true
        default: false
        }
    }

    private func text(_ cells: ContiguousArray<Cell>, upTo end: Int) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end + 16)
        for index in 0..<end {
            let cell = cells[index]
            if cell.content < 0x80 {
                if cell.width != 0 { bytes.append(cell.content == 0 ? 0x20 : UInt8(cell.content)) }
            } else if cell.content < Cell.firstCluster {
                append(cell.content, to: &bytes)
            } else {
                for scalar in clusters[cell.content - Cell.firstCluster] { append(scalar, to: &bytes) }
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends a Unicode scalar as UTF-8.
    private func append(_ value: UInt32, to bytes: inout [UInt8]) {
        switch value {
        case 0..<0x80: bytes.append(UInt8(value))
        case 0x80..<0x800:
            bytes.append(UInt8(0xc0 | value >> 6))
            bytes.append(UInt8(0x80 | value & 0x3f))
        case 0x800..<0x1_0000:
            bytes.append(UInt8(0xe0 | value >> 12))
            bytes.append(UInt8(0x80 | value >> 6 & 0x3f))
            bytes.append(UInt8(0x80 | value & 0x3f))
        default:
            bytes.append(UInt8(0xf0 | value >> 18 & 0x07))
            bytes.append(UInt8(0x80 | value >> 12 & 0x3f))
            bytes.append(UInt8(0x80 | value >> 6 & 0x3f))
            bytes.append(UInt8(0x80 | value & 0x3f))
        }
    }

    /// The row of the active screen as the scanner sees it, made once for each change.
    mutating func screenRow(at index: Int) -> ScreenRow {
        if let shown = rows[index].shown { return shown }
        let made = screenRow(rows[index])
        rows[index].shown = made
        return made
    }

    mutating func screenRows() -> [ScreenRow] {
        var made: [ScreenRow] = []
        made.reserveCapacity(rows.count)
        for index in rows.indices { made.append(screenRow(at: index)) }
        return made
    }

    private func append(_ cell: Cell, to text: inout String) {
        if cell.content == 0 {
            text.unicodeScalars.append(" ")
        } else if cell.content < Cell.firstCluster {
            text.unicodeScalars.append(Unicode.Scalar(cell.content) ?? "\u{fffd}")
        } else {
            for scalar in clusters[cell.content - Cell.firstCluster] {
                text.unicodeScalars.append(Unicode.Scalar(scalar) ?? "\u{fffd}")
            }
        }
    }

    /// The row as the scanner sees it.
    func screenRow(_ row: GridRow) -> ScreenRow {
        if let shown = row.shown { return shown }
        let last = row.cells.prefix(row.filled).last { $0.content > 0x20 }
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
}

extension GridRow {
    /// True when the row holds the word that every marker begins with; cheap enough for every row printed.
    var mentionsMarker: Bool {
        guard mayMention else { return false }
        var index = 0
        let end = min(filled, cells.count)
        while index + 5 < end {
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
