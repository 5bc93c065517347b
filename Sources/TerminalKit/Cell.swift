internal import Core

/// A colour of a cell.
public enum TerminalColor: Hashable, Sendable, Codable {
    case standard
    /// 0...255, as in xterm's palette.
    case indexed(UInt8)
    case rgb(red: UInt8, green: UInt8, blue: UInt8)
}

/// How a cell is drawn.
public struct TerminalStyle: Hashable, Sendable, Codable {
    /// Independent switches of a style.
    public struct Attributes: OptionSet, Hashable, Sendable, Codable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let bold = Attributes(rawValue: 1)
        public static let italic = Attributes(rawValue: 2)
        public static let underline = Attributes(rawValue: 4)
        public static let blink = Attributes(rawValue: 8)
        public static let reverse = Attributes(rawValue: 16)
        public static let strike = Attributes(rawValue: 32)
    }

    public var foreground = TerminalColor.standard
    public var background = TerminalColor.standard
    public var attributes: Attributes = []

    public init() {}

    public static let plain = TerminalStyle()
}

/// Neighbouring cells of one style.
public struct StyledRun: Hashable, Sendable, Codable {
    public var text: String
    /// Columns that the run takes.
    public var columns: Int
    public var style: TerminalStyle
}

/// One column of a row: 8 bytes, because a fleet holds a million of them.
struct Cell: Equatable {
    /// A Unicode scalar, 0 for nothing, or `firstCluster` + an index into the grid's clusters.
    var content: UInt32 = 0
    /// Index into the grid's styles.
    var style: UInt16 = 0
    /// 2 for a wide character, 0 for the column it covers, else 1.
    var width: UInt8 = 1
    var unused: UInt8 = 0

    static let firstCluster: UInt32 = 0x110000
}

struct GridRow {
    var cells: ContiguousArray<Cell> { didSet { shown = nil } }
    /// The text goes on in the row below because the terminal wrapped it.
    var isWrapped = false { didSet { shown = nil } }
    /// Grows with every new row, and moves with the row when it is scrolled.
    var serial: UInt64 { didSet { shown = nil } }
    /// Cells from this column on are empty and plain.
    var filled: Int
    /// False when no cell can hold the last letter of the word that every marker begins with.
    var mayMention = true
    /// The row as text, once somebody has asked for it and until it changes.
    var shown: ScreenRow?

    init(cells: ContiguousArray<Cell>, isWrapped: Bool = false, serial: UInt64) {
        self.cells = cells
        self.isWrapped = isWrapped
        self.serial = serial
        filled = cells.count
    }

    /// The row without the empty cells at its end, for keeping; a wrapped row stays whole.
    var compact: GridRow {
        var row = self
        row.shown = nil
        guard !isWrapped else { return row }
        var end = min(filled, cells.count)
        while end > 0, cells[end - 1] == Cell() { end -= 1 }
        if end < cells.count { row.cells = ContiguousArray(cells[..<end]) }
        row.filled = end
        return row
    }
}
