internal import Core

extension TerminalScreen {
    /// A screen that shows and does what the keyframe's did.
    ///
    /// Rows go into the grid; what libvterm keeps for itself is put back by the sequences that set it.
    convenience init(restoring keyframe: Keyframe) {
        self.init(size: keyframe.size)
        var sequence = ""
        if keyframe.isAlternate { sequence += "\u{1b}[?1047h" }
        write(Array(sequence.utf8))
        fill(keyframe)
        modes = keyframe.modes
        sequence = savedCursor() + margins() + modeSequences()
        sequence += "\u{1b}[\(cursorRow(keyframe));\(keyframe.cursorColumn + 1)H"
        write(Array(sequence.utf8))
        if keyframe.isWrapPending { writeLastCell(keyframe) }
        write(Array(("\u{1b}[0m" + keyframe.pen.sequence).utf8))
        grid.isCursorVisible = keyframe.isCursorVisible
        grid.title = keyframe.title
        if let last = keyframe.lastSerial { grid.reserveSerials(through: last) }
        grid.dirty = keyframe.unseen.flatMap { rows in
            // A stored screen is read with care: a range that is none is no crash.
            guard rows.count == 2, rows[0] >= 0, rows[0] < min(rows[1], keyframe.size.rows) else {
                return nil
            }
            return rows[0]..<min(rows[1], keyframe.size.rows)
        }
    }

    private func fill(_ keyframe: Keyframe) {
        func rows(_ rows: [KeyframeRow]) -> [GridRow] {
            var made = rows.prefix(keyframe.size.rows).map { grid.gridRow($0, styles: keyframe.styles) }
            if made.count < keyframe.size.rows { made += grid.blankRows(keyframe.size.rows - made.count) }
            return made
        }
        grid.primary = rows(keyframe.primary)
        grid.alternate = rows(keyframe.alternate)
        grid.history = keyframe.history.map { grid.gridRow($0, styles: keyframe.styles) }
    }

    private func savedCursor() -> String {
        guard let saved = modes.saved else { return "" }
        return "\u{1b}[\(saved.row + 1);\(saved.column + 1)H\u{1b}[0m\(saved.style.sequence)\u{1b}7"
    }

    private func margins() -> String {
        var text = ""
        if let top = modes.top, let bottom = modes.bottom { text += "\u{1b}[\(top);\(bottom)r" }
        if modes.privateModes[69] == true {
            text += "\u{1b}[?69h"
            if let left = modes.left, let right = modes.right { text += "\u{1b}[\(left);\(right)s" }
        }
        return text
    }

    private func modeSequences() -> String {
        var text = ""
        for (mode, isOn) in modes.privateModes.sorted(by: { $0.key < $1.key }) where mode != 69 {
            text += "\u{1b}[?\(mode)\(isOn ? "h" : "l")"
        }
        if modes.isInserting { text += "\u{1b}[4h" }
        if modes.isSendingNewLine { text += "\u{1b}[20h" }
        for (index, set) in modes.characterSets.sorted(by: { $0.key < $1.key }) {
            text += "\u{1b}\(["(", ")", "*", "+"][min(max(index, 0), 3)])\(set)"
        }
        if modes.isShiftedOut { text += "\u{0e}" }
        return text
    }

    /// With origin mode on, rows count from the top margin.
    private func cursorRow(_ keyframe: Keyframe) -> Int {
        let origin = modes.privateModes[6] == true ? (modes.top ?? 1) - 1 : 0
        return max(1, keyframe.cursorRow + 1 - origin)
    }

    /// Writes the last character of the row again, which is the only way to have libvterm wait with the wrap.
    private func writeLastCell(_ keyframe: Keyframe) {
        let row = keyframe.cursorRow
        guard grid.rows.indices.contains(row) else { return }
        let saved = grid.rows[row]
        guard let column = saved.cells.lastIndex(where: { $0.width != 0 }) else { return }
        var single = GridRow(cells: [saved.cells[column]], serial: 0)
        single.isWrapped = false
        let text = grid.untrimmedText(single)
        write(
            Array("\u{1b}[\(cursorRow(keyframe));\(column + 1)H\(text.isEmpty ? " " : text)".utf8))
        grid.rows[row] = saved
    }
}

extension TerminalStyle {
    /// The SGR sequence that sets this style on a plain pen; empty when it is plain.
    var sequence: String {
        var codes: [String] = []
        let switches: [(Attributes, String)] = [
            (.bold, "1"), (.italic, "3"), (.underline, "4"), (.blink, "5"), (.reverse, "7"), (.strike, "9"),
        ]
        codes += switches.filter { attributes.contains($0.0) }.map(\.1)
        codes += Self.codes(foreground, base: 38)
        codes += Self.codes(background, base: 48)
        return codes.isEmpty ? "" : "\u{1b}[\(codes.joined(separator: ";"))m"
    }

    private static func codes(_ color: TerminalColor, base: Int) -> [String] {
        switch color {
        case .standard: []
        case .indexed(let index): ["\(base);5;\(index)"]
        case .rgb(let red, let green, let blue): ["\(base);2;\(red);\(green);\(blue)"]
        }
    }
}
