internal import Core
internal import Store
internal import SystemPackage
internal import TmuxKit

/// Whether a quiet pane shows what its tap says.
struct ScreenQuestion: Sendable {
    var agent: AgentID
    var pane: RecordedPane
    var tap: FilePath
    /// So much of the tap is in `rows`.
    var offset: Int64
    var size: TerminalSize
    var rows: [String]

    var address: PaneAddress { PaneAddress(pane: pane.pane, server: pane.server) }

    func difference(from capture: PaneCapture) -> ScreenDifference? {
        for row in 0..<max(rows.count, capture.rows.count) {
            let ours = row < rows.count ? rows[row] : ""
            let theirs = row < capture.rows.count ? capture.rows[row] : ""
            if !LineDrawing.isSame(ours, theirs) {
                return ScreenDifference(row: row, ours: ours, theirs: theirs)
            }
        }
        return nil
    }
}

/// The first row that differs.
struct ScreenDifference: Sendable, Equatable {
    var row: Int
    var ours: String
    var theirs: String

    var json: JSONObject {
        [
            "row": .integer(Int64(row)), "read": .string(String(ours.prefix(300))),
            "tmux": .string(String(theirs.prefix(300))),
        ]
    }
}

/// tmux shows line-drawing characters in a capture as the letters that stand for them.
enum LineDrawing {
    private static let letters: [Character: Character] = [
        "◆": "`", "▒": "a", "°": "f", "±": "g", "┘": "j", "┐": "k", "┌": "l", "└": "m", "┼": "n", "⎺": "o",
        "⎻": "p", "─": "q", "⎼": "r", "⎽": "s", "├": "t", "┤": "u", "┴": "v", "┬": "w", "│": "x", "≤": "y",
        "≥": "z", "π": "{", "≠": "|", "£": "}", "·": "~",
    ]

    static func isSame(_ ours: String, _ theirs: String) -> Bool {
        // A capture keeps no-break spaces at the end, as Claude Code has one behind its prompt.
        let (ours, theirs) = (trimmed(ours), trimmed(theirs))
        if ours == theirs { return true }
        guard ours.count == theirs.count else { return false }
        return zip(ours, theirs).allSatisfy { $0 == $1 || letters[$0] == $1 }
    }

    static func trimmed(_ row: String) -> Substring {
        row[..<(row.lastIndex { !$0.isWhitespace }.map { row.index(after: $0) } ?? row.startIndex)]
    }
}
