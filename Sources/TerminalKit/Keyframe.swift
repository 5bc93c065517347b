public import Core

/// A pane reader's whole memory at a moment: screen, modes and scanner, from which reading goes on.
///
/// Rows are kept as text and runs of styles; a screen of 200 by 50 takes a few kilobytes.
public struct Keyframe: Codable, Sendable, Equatable {
    /// The tap offset behind the last byte that is in it.
    public var offset: UInt64
    public var size: TerminalSize
    public var title: String
    public var isAlternate: Bool
    var primary: [KeyframeRow]
    var alternate: [KeyframeRow]
    var history: [KeyframeRow]
    var styles: [TerminalStyle]
    var cursorRow: Int
    var cursorColumn: Int
    /// The last column is written and the next character wraps.
    var isWrapPending: Bool
    var pen: TerminalStyle
    var modes: ModeTracker
    var scanner: MarkerScanner
    var usesSynchronisedOutput: Bool
    var isCursorVisible: Bool
    /// The first row that changed since the scanner looked, and the one behind the last; nil when none did.
    var unseen: [Int]?
    /// What the scanner remembers of rows that are gone must not be taken for a new row's.
    var lastSerial: UInt64?
    /// Row, first column and end of the last character, where the next one may wrap behind it.
    var lastGlyph: [Int]?
    /// Rows of the last erasure, when nothing was printed since.
    var lastErased: [Int]?
    /// Rows that left through the top since the last boundary.
    var leaving: [KeyframeRow]?
    /// Bytes of text since the last boundary.
    var run: Int?
    /// The last byte, if it was printed.
    var lastPrinted: UInt8?
}

/// A row of a keyframe.
struct KeyframeRow: Codable, Sendable, Equatable {
    /// One character for each cell that is not the second half of a wide one; right-trimmed of empty cells.
    var text: String
    /// Number of cells and style, in turn; plain empty cells at the end of the row are left out.
    var runs: [Int]
    /// Cells that are wide.
    var wide: [Int]?
    /// Cells with more than one scalar, and how many.
    var clusters: [Int]?
    /// Cells that hold nothing though text follows: where nothing was written a resize may cut.
    var empty: [Int]?
    var isWrapped: Bool?
    var serial: UInt64
}

extension PaneReader {
    /// What is needed to go on from here; nil inside a character or a sequence.
    public func keyframe() -> Keyframe? {
        guard screen.isAtGround else { return nil }
        let grid = screen.grid
        let mayWrap = grid.lastGlyph.map { $0.end >= grid.size.columns - 1 } ?? false
        return Keyframe(
            offset: offset, size: grid.size, title: grid.title, isAlternate: grid.isAlternate,
            primary: grid.primary.map(grid.keyframeRow), alternate: grid.alternate.map(grid.keyframeRow),
            history: grid.history.suffix(Grid.historyRows).map(grid.keyframeRow), styles: grid.styles.all,
            cursorRow: grid.cursor.row, cursorColumn: grid.cursor.column,
            isWrapPending: grid.isWrapDue, pen: grid.pen, modes: screen.modes, scanner: scanner,
            usesSynchronisedOutput: usesSynchronisedOutput, isCursorVisible: grid.isCursorVisible,
            unseen: grid.dirty.map { [$0.lowerBound, $0.upperBound] }, lastSerial: grid.lastSerial,
            lastGlyph: mayWrap ? grid.lastGlyph.map { [$0.row, $0.start, $0.end] } : nil,
            lastErased: grid.lastErased.map { [$0.lowerBound, $0.upperBound] },
            leaving: grid.scrolledOff.isEmpty ? nil : grid.scrolledOff.map(grid.keyframeRow),
            run: screen.filter.run, lastPrinted: screen.filter.lastPrinted)
    }

    /// Goes on from a keyframe; feed it the bytes behind `keyframe.offset`.
    public convenience init(keyframe: Keyframe) {
        self.init(
            screen: TerminalScreen(restoring: keyframe), scanner: keyframe.scanner, offset: keyframe.offset)
        usesSynchronisedOutput = keyframe.usesSynchronisedOutput
    }
}

extension Grid {
    func keyframeRow(_ row: GridRow) -> KeyframeRow {
        var end = row.cells.count
        while end > 0, row.cells[end - 1].content == 0, row.cells[end - 1].width == 1 { end -= 1 }
        var made = KeyframeRow(text: "", runs: [], isWrapped: row.isWrapped ? true : nil, serial: row.serial)
        var styled = row.cells.count
        while styled > end, row.cells[styled - 1] == Cell() { styled -= 1 }
        for (column, cell) in row.cells[..<styled].enumerated() {
            if made.runs.count > 1, made.runs[made.runs.count - 1] == Int(cell.style) {
                made.runs[made.runs.count - 2] += 1
            } else {
                made.runs += [1, Int(cell.style)]
            }
            guard column < end, cell.width != 0 else { continue }
            if cell.width == 2 { made.wide = (made.wide ?? []) + [column] }
            if cell.content == 0 { made.empty = (made.empty ?? []) + [column] }
            let scalars = scalars(of: cell)
            if scalars.count > 1 { made.clusters = (made.clusters ?? []) + [column, scalars.count] }
            for scalar in scalars { made.text.unicodeScalars.append(Unicode.Scalar(scalar) ?? "\u{fffd}") }
        }
        return made
    }

    /// As `content`, which may forget clusters of rows that are not in place yet.
    private mutating func stored(_ scalars: [UInt32]) -> UInt32 {
        scalars.count == 1 ? scalars[0] : Cell.firstCluster + clusters.index(of: scalars)
    }

    mutating func gridRow(_ row: KeyframeRow, styles: [TerminalStyle]) -> GridRow {
        var made = GridRow(
            cells: ContiguousArray(repeating: Cell(), count: size.columns), isWrapped: row.isWrapped ?? false,
            serial: row.serial)
        made.filled = size.columns
        reserveSerials(through: row.serial)
        let wide = Set(row.wide ?? [])
        let empty = Set(row.empty ?? [])
        var clusterSizes: [Int: Int] = [:]
        for pair in stride(from: 0, to: (row.clusters?.count ?? 0) - 1, by: 2) {
            clusterSizes[row.clusters?[pair] ?? 0] = row.clusters?[pair + 1]
        }
        let scalars = row.text.unicodeScalars.map(\.value)
        var next = 0
        var column = 0
        while column < size.columns, next < scalars.count {
            let count = min(max(clusterSizes[column] ?? 1, 1), scalars.count - next)
            made.cells[column].content =
                empty.contains(column) ? 0 : stored(Array(scalars[next..<next + count]))
            next += count
            if wide.contains(column), column + 1 < size.columns {
                made.cells[column].width = 2
                made.cells[column + 1].width = 0
                column += 1
            }
            column += 1
        }
        column = 0
        for pair in stride(from: 0, to: row.runs.count - 1, by: 2) {
            let style = styles.indices.contains(row.runs[pair + 1]) ? styles[row.runs[pair + 1]] : .plain
            let index = self.styles.index(of: style)
            for _ in 0..<max(0, min(row.runs[pair], size.columns - column)) {
                made.cells[column].style = index
                column += 1
            }
        }
        return made
    }
}
