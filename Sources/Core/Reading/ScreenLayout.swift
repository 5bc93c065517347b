/// Finds the parts of a screen that an agent draws around its transcript.
public enum ScreenLayout {
    /// The rows above the composer, or above a dialog that took its place, without a spinner and a tip at their end,
    /// which change while nothing is said.
    static func content(of rows: [ScreenRow]) -> ArraySlice<ScreenRow> {
        let content = rows[..<composerTop(rows.map(\.traits)) { rows[$0].text.isEmpty }]
        guard let block = content.lastIndex(where: { !$0.traits.isDisjoint(with: [.tip, .spinner]) })
        else { return content }
        let tail = content[(block + 1)...].drop { !$0.text.isEmpty && $0.traits.contains(.isIndented) }
        guard tail.allSatisfy(\.text.isEmpty) else { return content }
        var rest = content[..<block]
        while rest.last?.text.isEmpty == true { rest.removeLast() }
        if rest.last?.traits.contains(.spinner) == true { rest.removeLast() }
        return rest
    }

    /// The first row of the composer, with the rule over it if there is one; the number of rows without a composer.
    public static func composerTop(_ rows: [String]) -> Int {
        composerTop(rows.map { RowTraits($0) }) { rows[$0].isEmpty }
    }

    private static func composerTop(_ rows: [RowTraits], isEmpty: (Int) -> Bool) -> Int {
        if let last = rows.lastIndex(where: { $0.contains(.rule) }) {
            // A box of two rules around the prompt, or one rule over a dialog.
            if let above = rows[..<last].lastIndex(where: { $0.contains(.rule) }),
                rows[(above + 1)..<last].contains(where: { !$0.isDisjoint(with: [.claudePrompt, .angle]) }),
                last - above <= max(12, rows.count / 2 + 2)
            {
                return above
            }
            if rows[(last + 1)...].contains(where: { $0.contains(.chosenOption) }) { return last }
        }
        // In a low pane only the lower, dashed rule of a dialog is in view.
        if let dashed = rows.lastIndex(where: { $0.contains(.dashedRule) }),
            rows[(dashed + 1)...].contains(where: { $0.contains(.chosenOption) })
        {
            return dashed
        }
        // Below the composer there are only a blank row and a footer, or the rest of a dialog.
        if let prompt = rows.lastIndex(where: { $0.contains(.codexPrompt) }), prompt > 0,
            (prompt + 1..<rows.count).allSatisfy({ rows[$0].contains(.isIndented) || isEmpty($0) })
        {
            return prompt
        }
        return rows.count
    }
}
