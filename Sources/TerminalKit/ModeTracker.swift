internal import Core

/// What libvterm knows but does not tell: modes, margins, character sets and the saved cursor.
///
/// Noted from the sequences on their way to libvterm, so that a keyframe can put them back.
struct ModeTracker: Codable, Equatable, Sendable {
    /// DEC private modes that were set or reset, by number.
    var privateModes: [Int: Bool] = [:]
    var isInserting = false
    /// One-based, as in DECSTBM; nil for the whole screen.
    var top: Int?
    var bottom: Int?
    var left: Int?
    var right: Int?
    var saved: SavedCursor?
    /// Character sets designated to G0...G3, by their final byte.
    var characterSets: [Int: String] = [:]
    /// SO: G1 is in use.
    var isShiftedOut = false

    /// Tab stops were set or cleared.
    var movesTabStops = false

    /// True when no mode changes what a plain line does: autowrap, whole screen, no insertion, ASCII, usual tabs.
    var leavesPlainLinesAlone: Bool {
        top == nil && bottom == nil && left == nil && right == nil && !isInserting && !isShiftedOut
            && !movesTabStops && characterSets.values.allSatisfy { $0 == "B" } && privateModes[7] != false
            && privateModes[6] != true && privateModes[69] != true && !isSendingNewLine
    }

    /// Line feeds return the carriage too.
    var isSendingNewLine = false

    struct SavedCursor: Codable, Equatable, Sendable {
        var row: Int
        var column: Int
        var style: TerminalStyle
    }

    static let known: Set<Int> = [1, 5, 6, 7, 12, 25, 69, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 2004]

    mutating func designate(_ intermediate: UInt8, _ final: UInt8) {
        guard (0x28...0x2b).contains(intermediate) else { return }
        characterSets[Int(intermediate) - 0x28] = String(UnicodeScalar(final))
    }

    mutating func resetMargins() { (top, bottom, left, right) = (nil, nil, nil, nil) }

    mutating func note(_ control: ControlSequence, grid: Grid) {
        guard control.isCSI else { return noteEscape(control, grid: grid) }
        switch (control.leader, control.intermediate, control.final) {
        case (UInt8(ascii: "?"), 0, UInt8(ascii: "h")), (UInt8(ascii: "?"), 0, UInt8(ascii: "l")):
            for mode in control.parameters where Self.known.contains(mode) {
                privateModes[mode] = control.final == UInt8(ascii: "h")
                if mode == 69, control.final == UInt8(ascii: "l") { (left, right) = (nil, nil) }
            }
            if control.parameters.contains(1048) || control.parameters.contains(1049),
                control.final == UInt8(ascii: "h")
            {
                save(grid)
            }
        case (0, 0, UInt8(ascii: "h")), (0, 0, UInt8(ascii: "l")):
            let isSet = control.final == UInt8(ascii: "h")
            if control.parameters.contains(4) { isInserting = isSet }
            if control.parameters.contains(20) { isSendingNewLine = isSet }
        case (0, 0, UInt8(ascii: "g")): movesTabStops = true
        case (0, 0, UInt8(ascii: "r")):
            let area = (control.parameter(0, default: 1), control.parameter(1, default: grid.size.rows))
            (top, bottom) = area == (1, grid.size.rows) ? (nil, nil) : area
        case (0, 0, UInt8(ascii: "s")):
            guard privateModes[69] == true else { return save(grid) }
            (left, right) = (
                control.parameter(0, default: 1), control.parameter(1, default: grid.size.columns)
            )
        case (0, UInt8(ascii: "!"), UInt8(ascii: "p")):
            self = ModeTracker()
        default: break
        }
    }

    private mutating func noteEscape(_ control: ControlSequence, grid: Grid) {
        switch control.final {
        case UInt8(ascii: "7"): save(grid)
        case UInt8(ascii: "H"): movesTabStops = true
        case UInt8(ascii: "c"): self = ModeTracker()
        default: break
        }
    }

    private mutating func save(_ grid: Grid) {
        saved = SavedCursor(row: grid.cursor.row, column: grid.cursor.column, style: grid.pen)
    }
}
