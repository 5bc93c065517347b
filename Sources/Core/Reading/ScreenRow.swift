/// One row of a screen as the scanner reads it.
public struct ScreenRow: Sendable, Hashable, Codable {
    /// Right-trimmed, unless the terminal wrapped it: then spaces at its end were printed.
    public var text: String { didSet { examine() } }
    /// Names the row for its life: it moves with the row when the screen scrolls, and a blank row gets a new one.
    public var serial: UInt64
    /// The terminal wrapped the text onto the row below, so no space was lost.
    public var isWrapped: Bool
    /// Its text ends in bold, as renderers draw headings; typed text is never bold.
    public var isBold: Bool
    /// It begins on a coloured background, as some agents draw what the user typed.
    public var isShaded: Bool
    /// Differs for nearly all texts that differ, the same in every run of the program.
    private(set) var hash: UInt64 = 0
    private(set) var traits: RowTraits = []

    public init(
        text: String, serial: UInt64 = 0, isWrapped: Bool = false, isBold: Bool = false,
        isShaded: Bool = false
    ) {
        self.text = text
        self.serial = serial
        self.isWrapped = isWrapped
        self.isBold = isBold
        self.isShaded = isShaded
        examine()
    }

    private mutating func examine() {
        hash = text.byteHash
        traits = RowTraits(text)
    }

    func hasSameText(as other: ScreenRow) -> Bool {
        hash == other.hash && text.hasSameBytes(as: other.text)
    }
}

/// A stored screen has hundreds of rows: each is a short array, not an object with its keys spelled out.
extension ScreenRow {
    public init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        text = try container.decode(String.self)
        serial = try container.decode(UInt64.self)
        let flags = try container.decode(Int.self)
        (isWrapped, isBold, isShaded) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
        examine()
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(text)
        try container.encode(serial)
        try container.encode((isWrapped ? 1 : 0) | (isBold ? 2 : 0) | (isShaded ? 4 : 0))
    }
}
