internal import Core

extension TerminalScreen {
    /// A screen that shows and does what the keyframe's did.
    ///
    /// Rows go into the grid; what libvterm keeps for itself is put back by the sequences that set it.
    convenience init(restoring keyframe: Keyframe) {
        self.init(size: keyframe.size)
        if keyframe.isAlternate { write("\u{1b}[?1047h") }
        fill(keyframe)
        modes = keyframe.modes
        if modes.tabStops != nil { writeTabStops() }
        if let top = modes.top, let bottom = modes.bottom { write("\u{1b}[\(top + 1);\(bottom + 1)r") }
        if modes.isOrigin { write("\u{1b}[?6h") }
        place(row: keyframe.cursorRow, column: keyframe.cursorColumn)
        if keyframe.isWrapPending { waitForWrap(keyframe) }
        write(modeSequences() + (keyframe.isCursorVisible ? "\u{1b}[?25h" : "\u{1b}[?25l"))
        setPen(keyframe.pen)
        filter.run = keyframe.run ?? 0
        filter.lastPrinted = keyframe.lastPrinted ?? 0
        grid.restore(keyframe)
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
        grid.scrolledOff = (keyframe.leaving ?? []).map { grid.gridRow($0, styles: keyframe.styles) }
    }

    private func modeSequences() -> String {
        var text = modes.isWrapOff ? "\u{1b}[?7l" : ""
        if modes.isInserting { text += "\u{1b}[4h" }
        if modes.drawsLines[0] { text += "\u{1b}(0" }
        if modes.drawsLines[1] { text += "\u{1b})0" }
        return text + (modes.isShiftedOut ? "\u{e}" : "")
    }

    /// Writes a character that ends in the last column, which is the only way to have libvterm wait with the wrap.
    private func waitForWrap(_ keyframe: Keyframe) {
        guard grid.rows.indices.contains(keyframe.cursorRow) else { return }
        let saved = grid.rows[keyframe.cursorRow]
        write(size.columns - keyframe.cursorColumn == 2 ? "界" : "x")
        grid.rows[keyframe.cursorRow] = saved
    }
}

extension Grid {
    /// Sets what is not in rows, as the keyframe has it.
    mutating func restore(_ keyframe: Keyframe) {
        cursor = (
            min(max(keyframe.cursorRow, 0), size.rows - 1),
            min(max(keyframe.cursorColumn, 0), size.columns - 1)
        )
        isCursorVisible = keyframe.isCursorVisible
        title = keyframe.title
        isWrapDue = keyframe.isWrapPending
        wrapsAtEnd = !keyframe.modes.isWrapOff
        lastGlyph = keyframe.lastGlyph.flatMap { $0.count == 3 ? ($0[0], $0[1], $0[2]) : nil }
        lastErased = range(keyframe.lastErased)
        dirty = range(keyframe.unseen)
        if let last = keyframe.lastSerial { restoreSerial(last) }
    }

    /// Rows of a stored screen, read with care: a range that is none is no crash.
    private func range(_ rows: [Int]?) -> Range<Int>? {
        guard let rows, rows.count == 2, rows[0] >= 0, rows[0] < min(rows[1], size.rows) else { return nil }
        return rows[0]..<min(rows[1], size.rows)
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
