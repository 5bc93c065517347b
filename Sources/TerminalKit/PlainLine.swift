internal import Core

/// Recognises lines that need no terminal: printable ASCII, tabs, colours and a carriage return before the line feed.
enum PlainLine {
    /// The place of the line feed that ends a plain line beginning at `start`; nil when it is not plain or not whole.
    static func end(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start
        while index < bytes.count {
            switch unsafe bytes[index] {
            case 0x20...0x7e, 0x09: index += 1
            case 0x0d:
                var next = index + 1
                while next < bytes.count, unsafe bytes[next] == 0x0d { next += 1 }
                guard next < bytes.count, unsafe bytes[next] == 0x0a else { return nil }
                return next
            case 0x1b:
                guard let end = unsafe colourEnd(in: bytes, from: index) else { return nil }
                index = end
            default: return nil
            }
        }
        return nil
    }

    /// The place behind the SGR sequence that begins at `start`.
    static func colourEnd(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var index = start + 1
        guard index < bytes.count, unsafe bytes[index] == UInt8(ascii: "[") else { return nil }
        index += 1
        var numbers = Numbers()
        while index < bytes.count {
            let byte = unsafe bytes[index]
            if byte == UInt8(ascii: "m") { return index + 1 }
            guard numbers.take(byte) else { return nil }
            index += 1
        }
        return nil
    }

    /// True for `ESC [ numbers m` that libvterm can hold.
    static func isColour(_ sequence: [UInt8]) -> Bool {
        var numbers = Numbers()
        return sequence.dropFirst(2).dropLast().allSatisfy { numbers.take($0) }
    }

    /// Counts what libvterm 0.1.4 does not: it writes more than 16 numbers over its own memory.
    private struct Numbers {
        private var separators = 0
        private var digits = 0

        /// False for a byte that is no part of numbers, and beyond what can be held.
        mutating func take(_ byte: UInt8) -> Bool {
            switch byte {
            case 0x30...0x39: digits += 1
            case 0x3a, 0x3b: (separators, digits) = (separators + 1, 0)
            default: return false
            }
            return digits <= 6 && separators < ControlSequence.mostParameters
        }
    }
}

extension TerminalScreen {
    /// True where a plain line does nothing but fill rows from the first column on.
    var canTakePlainLines: Bool {
        usesFastRoad && !grid.isAlternate && grid.cursor.column == 0 && filter.isBetweenLines && due == nil
            && grid.size.columns >= 4 && grid.size.rows >= 2 && modes.leavesPlainLinesAlone
    }

    /// Writes the text of one plain line; `range` ends before its line feed.
    func writePlainLine(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
        var index = range.lowerBound
        var place = (row: grid.cursor.row, column: 0)
        while index < range.upperBound {
            let byte = unsafe bytes[index]
            switch byte {
            case 0x20...0x7e:
                var end = index + 1
                while end < range.upperBound, unsafe (0x20...0x7e).contains(bytes[end]) { end += 1 }
                unsafe put(bytes, index..<end, at: &place)
                index = end
            case 0x09:
                // A tab stays in the row, and a wrap that is due stays due.
                if place.column < grid.size.columns {
                    place.column = min((place.column / 8 + 1) * 8, grid.size.columns - 1)
                }
                index += 1
            case 0x1b:
                let end = unsafe PlainLine.colourEnd(in: bytes, from: index) ?? range.upperBound
                unsafe writeRaw(UnsafeBufferPointer(rebasing: bytes[index..<end]))
                index = end
            default:
                place.column = 0
                grid.forgetLastGlyph()
                index += 1
            }
        }
        grid.cursor = (place.row, 0)
        grid.isWrapDue = false
    }

    /// A column equal to the width means that the next character wraps.
    private func put(
        _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, at place: inout (row: Int, column: Int)
    ) {
        var index = range.lowerBound
        while index < range.upperBound {
            if place.column >= grid.size.columns {
                place.row = lineFeed(from: place.row)
                place.column = 0
            }
            let end = min(range.upperBound, index + grid.size.columns - place.column)
            unsafe grid.put(bytes, index..<end, row: place.row, column: place.column)
            place.column += end - index
            index = end
        }
    }

    /// Moves down from `row` as a line feed does, and returns the row where the cursor is then.
    func lineFeed(from row: Int) -> Int {
        guard row + 1 >= grid.size.rows else { return row + 1 }
        grid.scroll(rows: 0..<grid.size.rows, columns: 0..<grid.size.columns, down: 1, right: 0)
        return row
    }

    /// Tells libvterm where the cursor is after plain lines that it has not seen.
    func placeCursor() { write("\u{1b}[\(grid.cursor.row + 1);1H") }
}

extension PaneReader {
    /// Reads the plain lines that begin at `index`, with the looks that the general road takes at each line feed.
    ///
    /// Leaves the last line feed to the general road.
    func readPlainLines(
        _ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int, from start: UInt64,
        _ readings: inout [Reading]
    ) {
        guard screen.canTakePlainLines else { return }
        var isOwed = screen.filter.isLineFeedReported
        var lines = 0
        while index < bytes.count {
            if isOwed, unsafe bytes[index] != 0x0a { break }
            let first = isOwed ? index + 1 : index
            guard let end = unsafe PlainLine.end(in: bytes, from: first),
                screen.filter.run + end - first < StreamFilter.longestRun
            else { break }
            if isOwed { screen.grid.cursor = (screen.lineFeed(from: screen.grid.cursor.row), 0) }
            unsafe screen.writePlainLine(bytes, first..<end)
            (index, isOwed, lines) = (end, true, lines + 1)
            screen.filter.run = 0
            offset = start + UInt64(end)
            collect(.lineFeed, &readings)
        }
        guard lines > 0 else { return }
        screen.filter.isLineFeedReported = true
        screen.placeCursor()
    }
}

extension Grid {
    /// Puts printable ASCII into a row where it has room.
    mutating func put(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, row: Int, column: Int) {
        lastErased = nil
        let end = column + range.count
        if column == 0, row > 0, let last = lastGlyph, last.row == row - 1, last.end >= size.columns {
            primary[row - 1].isWrapped = true
        }
        let (style, columns) = (penIndex(), size.columns)
        var mentions = false
        func write(_ cells: inout ContiguousArray<Cell>) {
            if cells[column].width == 0, column > 0 { cells[column - 1] = Cell() }
            if end < columns, cells[end].width == 0 { cells[end] = Cell() }
            for offset in 0..<range.count {
                let byte = unsafe bytes[range.lowerBound + offset]
                if byte == UInt8(Self.lastOfMarker) { mentions = true }
                cells[column + offset] = Cell(content: UInt32(byte), style: style)
            }
        }
        write(&primary[row].cells)
        primary[row].filled = max(primary[row].filled, end)
        if mentions { primary[row].mayMention = true }
        if end >= columns, primary[row].isWrapped { primary[row].isWrapped = false }
        lastGlyph = (row, column, end)
        touch(row..<row + 1)
    }
}
