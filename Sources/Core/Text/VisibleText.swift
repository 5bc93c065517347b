extension Unicode.Scalar {
    /// True for what would move a cursor, hide, or turn around the text beside it.
    ///
    /// Control characters, bidirectional controls, zero-width and tag characters, and line separators.
    public var isDeceptive: Bool {
        switch value {
        case 0..<0x20, 0x7f..<0xa0, 0xad, 0x61c, 0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f,
            0xfeff, 0xfff9...0xfffb, 0xe0000...0xe007f:
            true
        default: false
        }
    }
}

extension StringProtocol {
    /// The text with every control, bidirectional and zero-width character written out, safe to print on a terminal.
    ///
    /// A newline becomes `\n`, escape becomes `\e`, others `\u{…}`; a zero-width joiner between two emoji stays.
    public var visible: String { visible(keepingNewlines: false) }

    /// As `visible`; newlines stay when they are part of the layout.
    public func visible(keepingNewlines: Bool) -> String {
        guard unicodeScalars.contains(where: \.isDeceptive) else { return String(self) }
        var text = ""
        var previous: Unicode.Scalar?
        for scalar in unicodeScalars {
            let joinsEmoji =
                scalar.value == 0x200d && (previous?.properties.isEmoji ?? false)
                && (previous?.value ?? 0) > 0xff
            if !scalar.isDeceptive || joinsEmoji || (keepingNewlines && scalar == "\n") {
                text.unicodeScalars.append(scalar)
            } else {
                text += Self.escape(scalar)
            }
            previous = scalar
        }
        return text
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        case "\u{1b}": "\\e"
        default: "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
}
