internal import Core

/// One line of text that a person types, with the keys that shells have taught.
struct TextField: Equatable, Sendable {
    private(set) var text = ""
    /// Characters before the cursor.
    private(set) var cursor = 0

    /// Takes a key; false when it means nothing here.
    mutating func take(_ key: TerminalKey) -> Bool {
        var characters = Array(text)
        switch key {
        case .character(let character):
            characters.insert(character, at: cursor)
            cursor += 1
        case .backspace where cursor > 0:
            cursor -= 1
            characters.remove(at: cursor)
        case .delete where cursor < characters.count: characters.remove(at: cursor)
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = characters.count
        case .control("u"):
            characters.removeFirst(cursor)
            cursor = 0
        case .control("k"): characters.removeLast(characters.count - cursor)
        case .control("w"):
            let start = characters[..<cursor].lastIndex { $0 != " " } ?? 0
            let word = characters[..<start].lastIndex(of: " ").map { $0 + 1 } ?? 0
            characters.removeSubrange(word..<cursor)
            cursor = word
        default: return false
        }
        text = String(characters)
        return true
    }

    /// What is shown of it in `columns` columns, and in which of them the cursor stands.
    func shown(columns: Int) -> (text: String, cursor: Int) {
        var before = String(text.prefix(cursor)).visible
        while before.displayWidth >= max(1, columns) { before.removeFirst() }
        let rest = String(text.dropFirst(cursor)).visible
        return ((before + rest).truncated(toColumns: columns), before.displayWidth)
    }
}
