internal import Core

/// The row of a shell in which its cursor stands.
struct PromptLine {
    /// The row up to the cursor: what stands behind it is a hint of the shell or a prompt at the right.
    private let text: Substring

    init(_ row: String, cursorColumn: Int) {
        var width = 0
        text = row.prefix { character in
            defer { width += String(character).displayWidth }
            return width < cursorColumn
        }
    }

    /// What somebody has typed behind the prompt and not sent; nil where nothing stands there, or no prompt can be told.
    var typed: Substring? {
        // Some prompts begin with an arrow and go on behind it: `➜` says nothing.
        guard let end = text.indices.first(where: { isEndOfPrompt($0) }) else { return nil }
        let rest = text[text.index(after: end)...].drop { $0.isWhitespace }
        return rest.isEmpty ? nil : rest
    }

    private func isEndOfPrompt(_ index: Substring.Index) -> Bool {
        let next = text.index(after: index)
        return "$#%>❯".contains(text[index]) && next < text.endIndex && text[next].isWhitespace
    }
}
