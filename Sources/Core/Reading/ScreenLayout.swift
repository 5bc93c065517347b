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

    private static func isTip(_ text: String) -> Bool {
        let text = text.trimmed
        return text.hasPrefix("⎿  Tip: ") || text.hasPrefix("└ Tip: ")
    }

    /// A glyph in the first column and an unfinished word or the key that interrupts.
    static func isSpinner(_ text: String) -> Bool {
        guard let first = text.first, !first.isWhitespace, !first.isLetter, !first.isNumber,
            text.dropFirst().first == " "
        else { return false }
        return text.contains("esc to interrupt") || text.contains("…") && !"●❯›".contains(first)
    }

    /// The first row of the composer, with the rule over it if there is one; the number of rows without a composer.
    public static func composerTop(_ rows: [String]) -> Int {
        let rules = rows.indices.filter { isRule(rows[$0]) }
        if let last = rules.last {
            // A box of two rules around the prompt, or one rule over a dialog.
            if let above = rules.last(where: { $0 < last }),
                rows[(above + 1)..<last].contains(where: {
                    $0.hasPrefix("❯") || $0.hasPrefix("> ") || $0 == ">"
                }),
                last - above <= max(12, rows.count / 2 + 2)
            {
                return above
            }
            if rows[(last + 1)...].contains(where: { $0.drop(while: \.isWhitespace).hasPrefix("❯") }) {
                return last
            }
        }
        // In a low pane only the lower, dashed rule of a dialog is in view.
        if let dashed = rows.lastIndex(where: { $0.trimmed.count >= 8 && $0.trimmed.allSatisfy { $0 == "╌" } }
        ),
            rows[(dashed + 1)...].contains(where: { $0.trimmed.hasPrefix("❯") })
        {
            return dashed
        }
        // Below the composer there are only a blank row and a footer, or the rest of a dialog.
        if let prompt = rows.lastIndex(where: { $0.hasPrefix("›") }),
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
        let trimmed = text.trimmed
        return trimmed.count >= 8 && trimmed.allSatisfy { $0 == "─" || $0 == "━" }
    }
}
