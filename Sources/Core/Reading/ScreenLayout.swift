/// Finds the parts of a screen that an agent draws around its transcript.
public enum ScreenLayout {
    /// The rows above the composer, or above a dialog that took its place.
    static func content(of rows: [ScreenRow]) -> [ScreenRow] {
        Array(rows[..<composerTop(rows.map(\.text))])
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
        // Below the composer there are only a blank row and a footer, or the rest of a dialog.
        if let prompt = rows.lastIndex(where: { $0.hasPrefix("›") }),
            rows.count - prompt <= max(10, rows.count / 2),
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
