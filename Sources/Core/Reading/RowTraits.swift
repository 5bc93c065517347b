/// What the text of a row looks like to those who read whole screens, found out once for each text.
struct RowTraits: OptionSet, Hashable, Sendable {
    let rawValue: UInt16

    /// It holds the word of every marker.
    static let mentionsMarker = RowTraits(rawValue: 1)
    /// A marker begins in it.
    static let beginsMarker = RowTraits(rawValue: 2048)
    /// One horizontal line, light or heavy.
    static let rule = RowTraits(rawValue: 2)
    /// One dashed horizontal line.
    static let dashedRule = RowTraits(rawValue: 4)
    /// It begins with `❯`, Claude Code's prompt.
    static let claudePrompt = RowTraits(rawValue: 8)
    /// The same behind spaces: the chosen option of a dialog.
    static let chosenOption = RowTraits(rawValue: 16)
    /// It begins with `›`, Codex's prompt.
    static let codexPrompt = RowTraits(rawValue: 32)
    /// It begins with `> `, or is no more than that.
    static let angle = RowTraits(rawValue: 64)
    /// It begins with white space.
    static let isIndented = RowTraits(rawValue: 128)
    /// A glyph in the first column and an unfinished word, or the key that interrupts.
    static let spinner = RowTraits(rawValue: 256)
    /// A tip under a spinner.
    static let tip = RowTraits(rawValue: 512)
    /// It holds `…`.
    static let isUnfinished = RowTraits(rawValue: 1024)

    static let prompt: RowTraits = [.claudePrompt, .codexPrompt]
}

extension RowTraits {
    init(_ text: String) {
        self = []
        if text.beginsWithSpace { insert(.isIndented) }
        guard let first = text.firstPrinted else { return }
        if MarkerReader.mentions(text) {
            insert(.mentionsMarker)
            if MarkerReader.head(text) != nil { insert(.beginsMarker) }
        }
        if first < 0x80 {
            if text.utf8.first == UInt8(ascii: ">"), text.begins(with: "> ") || text == ">" { insert(.angle) }
        } else {
            insert(Self.glyphs(text))
        }
        if text.holds("…") { insert(.isUnfinished) }
        if isSpinner(text) { insert(.spinner) }
    }

    /// The traits of a text whose first printed glyph is not of ASCII.
    private static func glyphs(_ text: String) -> RowTraits {
        var traits: RowTraits = []
        if text.printedBegins(with: "❯") {
            traits.insert(.chosenOption)
            if text.begins(with: "❯") { traits.insert(.claudePrompt) }
        } else if text.begins(with: "›") {
            traits.insert(.codexPrompt)
        } else if text.isRule {
            traits.insert(.rule)
        } else if text.isLine(of: "╌") {
            traits.insert(.dashedRule)
        } else if text.printedBegins(with: "⎿  Tip: ") || text.printedBegins(with: "└ Tip: ") {
            traits.insert(.tip)
        }
        return traits
    }

    private func isSpinner(_ text: String) -> Bool {
        // Few rows need a look at their characters, which cost a table look-up each.
        guard !contains(.isIndented), text.hasSpaceBehindFirstGlyph,
            contains(.isUnfinished) || text.holds("esc to interrupt"),
            let first = text.first, !first.isLetter, !first.isNumber, text.dropFirst().first == " "
        else { return false }
        return !"●❯›".contains(first) || text.holds("esc to interrupt")
    }
}

extension String {
    /// True for a row that is one horizontal line.
    var isRule: Bool { isLine(of: "─") || isLine(of: "━") }

    /// True for at least eight times one glyph of box drawing, with or without spaces around.
    fileprivate func isLine(of glyph: StaticString) -> Bool {
        unsafe withBytes { bytes in
            glyph.withUTF8Buffer { glyph in
                var index = 0
                while index < bytes.count, unsafe bytes[index] == 0x20 { index += 1 }
                let start = index
                while index + 2 < bytes.count, unsafe bytes[index] == glyph[0],
                    unsafe bytes[index + 1] == glyph[1], unsafe bytes[index + 2] == glyph[2]
                {
                    index += 3
                }
                guard index - start >= 24 else { return false }
                while index < bytes.count, unsafe bytes[index] == 0x20 { index += 1 }
                return index == bytes.count
            }
        }
    }
}
