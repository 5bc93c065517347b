/// Finds the parts of a screen that an agent draws around its transcript.
public enum ScreenLayout {
    /// The rows above the composer, or above a dialog that took its place.
    static func content(of rows: [ScreenRow]) -> [ScreenRow] {
        var content = Array(rows[..<composerTop(rows.map(\.text))])
        cutProgress(&content)
        return content
    }

    /// Takes away the spinner and the tip at the end, which change while nothing is said.
    private static func cutProgress(_ rows: inout [ScreenRow]) {
        guard let block = rows.lastIndex(where: { isTip($0.text) || isSpinner($0.text) }) else { return }
        let rest = rows[(block + 1)...].map(\.text)
        let tail = rest.drop { !$0.isEmpty && $0.first?.isWhitespace == true }
        guard tail.allSatisfy(\.isEmpty) else { return }
        rows.removeSubrange(block...)
        while rows.last?.text.isEmpty == true { rows.removeLast() }
        if let last = rows.last, isSpinner(last.text) { rows.removeLast() }
    }

    /// True for a row that begins with a prompt of Claude Code's or Codex's.
    static func isPrompt(_ text: String) -> Bool { text.begins(with: "❯") || text.begins(with: "›") }

    private static func isTip(_ text: String) -> Bool {
        text.printedBegins(with: "⎿  Tip: ") || text.printedBegins(with: "└ Tip: ")
    }

    /// A glyph in the first column and an unfinished word or the key that interrupts.
    static func isSpinner(_ text: String) -> Bool {
        // Behind one glyph stands a space, so that few rows need a closer look.
        guard text.hasSpaceBehindFirstGlyph, let first = text.first, !first.isWhitespace, !first.isLetter,
            !first.isNumber, text.dropFirst().first == " "
        else { return false }
        return text.holds("esc to interrupt") || text.holds("…") && !"●❯›".contains(first)
    }

    /// The first row of the composer, with the rule over it if there is one; the number of rows without a composer.
    public static func composerTop(_ rows: [String]) -> Int {
        let rules = rows.indices.filter { isRule(rows[$0]) }
        if let last = rules.last {
            // A box of two rules around the prompt, or one rule over a dialog.
            if let above = rules.last(where: { $0 < last }),
                rows[(above + 1)..<last].contains(where: {
                    $0.begins(with: "❯") || $0.begins(with: "> ") || $0 == ">"
                }),
                last - above <= max(12, rows.count / 2 + 2)
            {
                return above
            }
            if rows[(last + 1)...].contains(where: { $0.printedBegins(with: "❯") }) {
                return last
            }
        }
        // In a low pane only the lower, dashed rule of a dialog is in view.
        if let dashed = rows.lastIndex(where: { isLine($0, ending: [0x95, 0x8c]) }),
            rows[(dashed + 1)...].contains(where: { $0.printedBegins(with: "❯") })
        {
            return dashed
        }
        // Below the composer there are only a blank row and a footer, or the rest of a dialog.
        if let prompt = rows.lastIndex(where: { $0.begins(with: "›") }),
            prompt > 0,
            !rows[(prompt + 1)...].contains(where: { $0.first.map { !$0.isWhitespace && $0 != "›" } ?? false }
            )
        {
            return prompt
        }
        return rows.count
    }

    /// True for a row that is one horizontal line.
    static func isRule(_ text: String) -> Bool {
        // The light line and the heavy one.
        isLine(text, ending: [0x94, 0x80]) || isLine(text, ending: [0x94, 0x81])
    }

    /// True for at least eight times one glyph of three bytes, the first of which all box-drawing glyphs share.
    private static func isLine(_ text: String, ending: [UInt8]) -> Bool {
        unsafe text.withBytes { bytes in
            var index = 0
            while index < bytes.count, unsafe bytes[index] == 0x20 { index += 1 }
            let start = index
            while index + 2 < bytes.count, unsafe bytes[index] == 0xe2, unsafe bytes[index + 1] == ending[0],
                unsafe bytes[index + 2] == ending[1]
            {
                index += 3
            }
            guard index - start >= 24 else { return false }
            while index < bytes.count, unsafe bytes[index] == 0x20 { index += 1 }
            return index == bytes.count
        }
    }
}
