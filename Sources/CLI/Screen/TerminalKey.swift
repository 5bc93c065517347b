/// One key of a person at a terminal.
enum TerminalKey: Equatable, Sendable {
    case character(Character)
    /// Ctrl and this letter, in lower case.
    case control(Character)
    case enter, escape, tab, backspace, delete, up, down, left, right, home, end, pageUp, pageDown
    /// Text that came at once, its lines ended by `\n`: nobody pressed the keys that are in it.
    case paste(String)
}

/// Turns the bytes that a terminal in raw mode sends into keys.
///
/// Sequences are those of xterm and of tmux's `TERM=tmux*`/`screen*`; unknown ones are dropped whole. A paste stands
/// between brackets where the terminal was asked for them (`CSI ? 2004 h`).
struct KeyDecoder: Sendable {
    private var rest: [UInt8] = []
    private static let pasteStart = Array("\u{1b}[200~".utf8)
    private static let pasteEnd = Array("\u{1b}[201~".utf8)

    mutating func keys(_ bytes: some Sequence<UInt8>) -> [TerminalKey] {
        rest += bytes
        var keys: [TerminalKey] = []
        while let (key, length) = next() {
            rest.removeFirst(length)
            if let key { keys.append(key) }
        }
        return keys
    }

    /// The first key and its bytes; nil while it is not whole.
    private func next() -> (TerminalKey?, Int)? {
        guard let first = rest.first else { return nil }
        switch first {
        case 0x1b: return escape()
        case 0x0d, 0x0a: return (.enter, 1)
        case 0x09: return (.tab, 1)
        case 0x08, 0x7f: return (.backspace, 1)
        case 0x01...0x1a: return (.control(Character(Unicode.Scalar(first + 0x60))), 1)
        case 0..<0x20: return (nil, 1)
        case 0x20..<0x80: return (.character(Character(Unicode.Scalar(first))), 1)
        default: return character(of: first)
        }
    }

    private func character(of first: UInt8) -> (TerminalKey?, Int)? {
        let length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1
        guard rest.count >= length else { return nil }
        let text = String(decoding: rest.prefix(length), as: UTF8.self)
        guard let character = text.first, character != "\u{fffd}" else { return (nil, 1) }
        return (.character(character), length)
    }

    /// A terminal sends a sequence in one piece, so that an escape that nothing follows is the key itself.
    private func escape() -> (TerminalKey?, Int)? {
        guard rest.count > 1 else { return (.escape, 1) }
        guard rest[1] == UInt8(ascii: "[") || rest[1] == UInt8(ascii: "O") else { return (.escape, 1) }
        if rest.starts(with: Self.pasteStart) { return paste() }
        guard let end = rest[2...].firstIndex(where: { (0x40...0x7e).contains($0) }) else { return nil }
        let parameter = String(decoding: rest[2..<end], as: UTF8.self)
        let key: TerminalKey? =
            switch (rest[end], parameter) {
            case (UInt8(ascii: "A"), _): .up
            case (UInt8(ascii: "B"), _): .down
            case (UInt8(ascii: "C"), _): .right
            case (UInt8(ascii: "D"), _): .left
            case (UInt8(ascii: "H"), _), (UInt8(ascii: "~"), "1"), (UInt8(ascii: "~"), "7"): .home
            case (UInt8(ascii: "F"), _), (UInt8(ascii: "~"), "4"), (UInt8(ascii: "~"), "8"): .end
            case (UInt8(ascii: "~"), "3"): .delete
            case (UInt8(ascii: "~"), "5"): .pageUp
            case (UInt8(ascii: "~"), "6"): .pageDown
            default: nil
            }
        return (key, end + 1)
    }

    private func paste() -> (TerminalKey?, Int)? {
        let start = Self.pasteStart.count
        guard let end = rest[start...].firstRange(of: Self.pasteEnd) else { return nil }
        let text = String(decoding: rest[start..<end.lowerBound], as: UTF8.self)
            .replacing("\r\n", with: "\n").replacing("\r", with: "\n")
        return (.paste(text), end.upperBound)
    }
}
