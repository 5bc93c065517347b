// Logical lines: rows that the terminal wrapped are one, and each is given once, when it is over.
extension FlowScanner {
    /// Bytes of a line that are kept; of a longer one its middle is left out.
    private static let longestLine = 64 * 1024

    func needsLines(from serial: UInt64) -> Bool { serial > lineMark }

    /// Logical lines that are over on the screen: those that end above row `end`.
    mutating func lines(_ rows: [ScreenRow], upTo end: Int, isTop: Bool, _ echoes: EchoFilter) -> [String] {
        var lines: [String] = []
        var index = 0
        while index < end {
            var last = index
            while last + 1 < rows.count, rows[last].isWrapped { last += 1 }
            guard last < end else { break }
            if rows[last].serial > lineMark {
                give(rows[index...last], goesOn: isTop && index == 0, echoes, &lines)
            }
            index = last + 1
        }
        return lines
    }

    /// Logical lines that are over in rows that left; a line that goes on below them is kept until its end is seen.
    mutating func linesLeaving(_ rows: [ScreenRow], _ echoes: EchoFilter) -> [String] {
        var lines: [String] = []
        var index = 0
        while index < rows.count {
            var last = index
            while last + 1 < rows.count, rows[last].isWrapped { last += 1 }
            if rows[last].serial > lineMark {
                if rows[last].isWrapped {
                    lineMark = rows[last].serial
                    for row in rows[index...last] where unfinished.utf8.count < Self.longestLine {
                        unfinished += row.text
                    }
                } else {
                    give(rows[index...last], goesOn: index == 0, echoes, &lines)
                }
            }
            index = last + 1
        }
        return lines
    }

    private mutating func give(
        _ rows: ArraySlice<ScreenRow>, goesOn: Bool, _ echoes: EchoFilter, _ lines: inout [String]
    ) {
        lineMark = max(lineMark, rows.last?.serial ?? 0)
        var text = rows.count == 1 ? rows.first?.text ?? "" : rows.map(\.text).joined()
        if goesOn, !unfinished.isEmpty { text = unfinished + text }
        unfinished = ""
        if !text.isEmpty, !echoes.contains(text) { lines.append(text) }
    }
}
