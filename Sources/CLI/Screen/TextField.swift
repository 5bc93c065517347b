internal import Core

/// Text that a person types, shown in one line, with the keys that shells have taught.
struct TextField: Equatable, Sendable {
    /// What stands before and behind the cursor: apart, because a mark joins the character before it.
    private var before = ""
    private var after = ""

    var text: String { before + after }

    /// Takes a key; false when it means nothing here.
    mutating func take(_ key: TerminalKey) -> Bool {
        switch key {
        case .character(let character): before.append(character)
        case .paste(let text): before += text
        case .backspace where !before.isEmpty: before.removeLast()
        case .delete where !after.isEmpty: after.removeFirst()
        case .left: if let last = before.popLast() { after = String(last) + after }
        case .right: if !after.isEmpty { before.append(after.removeFirst()) }
        case .home, .control("a"): (before, after) = ("", text)
        case .end, .control("e"): (before, after) = (text, "")
        case .control("u"): before = ""
        case .control("k"): after = ""
        case .control("w"):
            while before.last == " " { before.removeLast() }
            while let last = before.last, last != " " { before.removeLast() }
        default: return false
        }
        return true
    }

    /// What is shown of it in `columns` columns, and in which of them the cursor stands.
    func shown(columns: Int) -> (text: String, cursor: Int) {
        let room = max(1, columns)
        // However much was pasted, only what stands near the cursor is seen.
        var start = String(String(before.suffix(room)).visible.suffix(room))
        while start.displayWidth >= room { start.removeFirst() }
        let rest = String(after.prefix(room)).visible
        return ((start + rest).truncated(toColumns: columns), start.displayWidth)
    }
}
