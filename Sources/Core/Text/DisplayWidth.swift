extension Unicode.Scalar {
    /// Columns that a terminal gives this character: 0, 1 or 2.
    public var displayWidth: Int {
        if value < 0x300 { return value < 0x20 || (0x7f..<0xa0).contains(value) || value == 0xad ? 0 : 1 }
        if isZeroWidth { return 0 }
        return isWide ? 2 : 1
    }

    private var isZeroWidth: Bool {
        switch value {
        case 0x1160...0x11ff, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x2064, 0xfe00...0xfe0f, 0xfeff,
            0xe0000...0xe0fff:
            return true
        default:
            switch properties.generalCategory {
            case .nonspacingMark, .enclosingMark: return true
            default: return false
            }
        }
    }

    /// East Asian wide and full-width characters, and emoji that are drawn as pictures by themselves.
    public var isWide: Bool {
        switch value {
        case 0..<0x1100: false
        case 0x1100...0x115f, 0x2329, 0x232a, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf,
            0x4e00...0xa4cf,
            0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f,
            0xff01...0xff60,
            0xffe0...0xffe6, 0x16fe0...0x18d08, 0x1b000...0x1b2ff, 0x20000...0x3fffd:
            true
        default: properties.isEmojiPresentation
        }
    }
}

extension StringProtocol {
    /// Columns that a terminal needs for this text, which must be free of control characters.
    @inlinable public var displayWidth: Int {
        // Printable ASCII is what nearly all texts are.
        if utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return utf8.count }
        var width = 0
        for character in self {
            let scalars = character.unicodeScalars
            var columns = 0
            for scalar in scalars { columns = Swift.max(columns, scalar.displayWidth) }
            if scalars.count > 1, scalars.contains("\u{fe0f}") { columns = 2 }
            width += columns
        }
        return width
    }

    /// The text with spaces at its end up to `columns`, cut with `…` when it is longer.
    public func padded(toColumns columns: Int) -> String {
        let width = displayWidth
        if width <= columns { return String(self) + String(repeating: " ", count: columns - width) }
        let cut = truncated(toColumns: columns)
        return cut + String(repeating: " ", count: Swift.max(0, columns - cut.displayWidth))
    }

    /// The longest beginning that fits into `columns`, with `…` at its end when something was cut.
    public func truncated(toColumns columns: Int) -> String {
        guard displayWidth > columns else { return String(self) }
        guard columns > 0 else { return "" }
        var text = ""
        var width = 0
        for character in self {
            let next = String(character).displayWidth
            if width + next > columns - 1 { break }
            text.append(character)
            width += next
        }
        return text + "…"
    }
}
