internal import Core

/// What of a terminal's state is no row: modes, margins, character sets, tab stops and saved cursors.
///
/// libvterm keeps part of it and tells nothing; noted here so that a keyframe can put it back.
struct ModeTracker: Codable, Equatable, Sendable {
    struct SavedCursor: Codable, Equatable, Sendable {
        var row = 0
        var column = 0
        var style = TerminalStyle.plain
        /// Rows counted from the top margin.
        var isOrigin = false
    }

    var isInserting = false
    /// Rows of the cursor count from the top margin.
    var isOrigin = false
    /// Text stays in the last column.
    var isWrapOff = false
    /// Zero-based rows that scroll, the first and the last; nil for the whole screen.
    var top: Int?
    var bottom: Int?
    /// What DECSC kept.
    var saved = SavedCursor()
    /// What entering the alternate screen kept.
    var beforeAlternate: SavedCursor?
    /// G0 and G1 draw lines.
    var drawsLines = [false, false]
    /// SO: G1 is in use.
    var isShiftedOut = false
    /// Columns of tab stops; nil for every eighth.
    var tabStops: [Int]?

    /// True when no mode changes what a plain line does: autowrap, whole screen, no insertion, ASCII, usual tabs.
    var leavesPlainLinesAlone: Bool {
        top == nil && !isInserting && !isWrapOff && !isOrigin && tabStops == nil
            && !drawsLines[isShiftedOut ? 1 : 0]
    }

    mutating func resetMargins() { (top, bottom) = (nil, nil) }

    func stops(columns: Int) -> [Int] { tabStops ?? Array(stride(from: 0, to: columns, by: 8)) }
}
