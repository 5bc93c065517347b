internal import Core

extension TerminalScreen {
    /// Does what tmux does for a sequence; what tmux does not know is left out.
    func perform(_ control: ControlSequence) {
        guard control.isCSI else { return performEscape(control) }
        switch (control.leader, control.intermediate, control.final) {
        case (UInt8(ascii: "?"), 0, UInt8(ascii: "h")), (UInt8(ascii: "?"), 0, UInt8(ascii: "l")):
            for mode in control.parameters { setPrivateMode(mode, control.final == UInt8(ascii: "h")) }
        case (0, 0, UInt8(ascii: "h")), (0, 0, UInt8(ascii: "l")):
            guard control.parameters.contains(4) else { return }
            modes.isInserting = control.final == UInt8(ascii: "h")
            write("\u{1b}[4\(modes.isInserting ? "h" : "l")")
        case (0, 0, UInt8(ascii: "r")): setMargins(control)
        case (0, 0, UInt8(ascii: "s")): save()
        case (0, 0, UInt8(ascii: "u")): restore()
        case (0, 0, UInt8(ascii: "g")): clearTabStops(control.parameter(0, default: 0))
        case (0, 0, UInt8(ascii: "b")): printAgain(control)
        case (0, 0, let final) where "ABCDEFGHdf`".utf8.contains(final):
            // These end the wait for a wrap even where they lead nowhere.
            write(control)
            grid.forgetLastGlyph()
        case (0, 0, let final) where "@JKLMPSTXZm".utf8.contains(final): write(control)
        default: break
        }
    }

    private func performEscape(_ control: ControlSequence) {
        switch (control.intermediate, control.final) {
        case (0, UInt8(ascii: "7")): save()
        case (0, UInt8(ascii: "8")): restore()
        case (0, UInt8(ascii: "H")):
            if !grid.isWrapDue {
                modes.tabStops = Set(modes.stops(columns: size.columns) + [grid.cursor.column]).sorted()
            }
            write(control)
        case (0, UInt8(ascii: "D")), (0, UInt8(ascii: "E")), (0, UInt8(ascii: "M")): write(control)
        case (0, UInt8(ascii: "c")):
            modes = ModeTracker()
            write("\u{1b}c\u{1b}[H")
            grid.forgetLastGlyph()
        case (UInt8(ascii: "#"), UInt8(ascii: "8")):
            modes.resetMargins()
            write("\u{1b}#8\u{1b}[r")
            place(row: 0, column: 0)
        case (0x28...0x29, UInt8(ascii: "0")), (0x28...0x29, UInt8(ascii: "B")):
            modes.drawsLines[Int(control.intermediate) - 0x28] = control.final == UInt8(ascii: "0")
            write(control)
        default: break
        }
    }

    /// Puts the cursor at a place of the screen, also where it may not go by itself in origin mode.
    func place(row: Int, column: Int) {
        let place = "\u{1b}[\(row + 1);\(column + 1)H"
        // libvterm's own saved cursor is used for nothing else.
        write(modes.isOrigin ? "\u{1b}[?6l\(place)\u{1b}7\u{1b}[?6h\u{1b}8" : place)
        grid.forgetLastGlyph()
    }

    private func setPrivateMode(_ mode: Int, _ isOn: Bool) {
        let final = isOn ? "h" : "l"
        switch mode {
        case 3:
            place(row: modes.isOrigin ? modes.top ?? 0 : 0, column: 0)
            write("\u{1b}[2J")
        case 6:
            modes.isOrigin = isOn
            write("\u{1b}[?6\(final)")
            place(row: isOn ? modes.top ?? 0 : 0, column: 0)
        case 7:
            modes.isWrapOff = !isOn
            grid.wrapsAtEnd = isOn
            write("\u{1b}[?7\(final)")
        case 25: write("\u{1b}[?25\(final)")
        case 47, 1047, 1049: setAlternate(isOn, keepsCursor: mode == 1049)
        default: break
        }
    }

    /// Changes between the two screens; the alternate one is empty at first.
    private func setAlternate(_ isOn: Bool, keepsCursor: Bool) {
        if isOn {
            guard !grid.isAlternate else { return }
            if keepsCursor { modes.beforeAlternate = cursorToSave }
            grid.alternate = grid.blankRows(size.rows)
            write("\u{1b}[?1047h")
            place(row: grid.cursor.row, column: grid.cursor.column)
        } else {
            if grid.isAlternate { write("\u{1b}[?1047l") }
            if keepsCursor, let kept = modes.beforeAlternate {
                modes.beforeAlternate = nil
                place(row: kept.row, column: kept.column)
                setPen(kept.style)
            } else {
                place(row: grid.cursor.row, column: grid.cursor.column)
            }
        }
    }

    private func setMargins(_ control: ControlSequence) {
        let top = min(control.parameter(0, default: 1), size.rows) - 1
        let bottom = min(control.parameter(1, default: size.rows), size.rows) - 1
        guard top < bottom else { return }
        (modes.top, modes.bottom) = top == 0 && bottom == size.rows - 1 ? (nil, nil) : (top, bottom)
        write("\u{1b}[\(top + 1);\(bottom + 1)r")
        place(row: 0, column: 0)
    }

    private var cursorToSave: ModeTracker.SavedCursor {
        ModeTracker.SavedCursor(
            row: grid.cursor.row, column: grid.isWrapDue ? size.columns - 1 : grid.cursor.column,
            style: grid.pen, isOrigin: modes.isOrigin)
    }

    private func save() { modes.saved = cursorToSave }

    private func restore() {
        if modes.isOrigin != modes.saved.isOrigin {
            modes.isOrigin = modes.saved.isOrigin
            write("\u{1b}[?6\(modes.isOrigin ? "h" : "l")")
        }
        place(row: modes.saved.row, column: modes.saved.column)
        setPen(modes.saved.style)
    }

    func setPen(_ style: TerminalStyle) { write("\u{1b}[0m\(style.sequence)") }

    private func clearTabStops(_ what: Int) {
        switch what {
        case 0: modes.tabStops = modes.stops(columns: size.columns).filter { $0 != grid.cursor.column }
        case 3: modes.tabStops = []
        default: return
        }
        write("\u{1b}[\(what)g")
    }

    /// REP: the character that was printed right before, as often as the row has room.
    private func printAgain(_ control: ControlSequence) {
        guard control.behind != 0, !grid.isWrapDue else { return }
        let count = min(control.parameter(0, default: 1), size.columns - grid.cursor.column)
        write(Array(repeating: control.behind, count: count))
    }
}
