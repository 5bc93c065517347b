internal import Core
internal import ProcessKit
internal import SystemPackage
internal import TerminalKit

/// The last line of a tap that says something, read from the tap's end.
struct LastLine: Sendable {
    var size: Int64
    var text: String?

    /// What is read of the end: a screen or more.
    static let tail = 8 << 10
    static let longest = 200

    init(size: Int64, text: String?) {
        self.size = size
        self.text = text
    }

    /// A tap that cannot be read has no last line.
    init(tap: FilePath, size: Int64, columns: Int, rows: Int) {
        self.size = size
        let start = max(0, size - Int64(Self.tail))
        guard var bytes = try? Files.read(tap, from: start, limit: Self.tail) else { return }
        // A piece from the middle begins somewhere in a line, perhaps inside a sequence.
        if start > 0, let end = bytes.firstIndex(where: { $0 == 0x0a || $0 == 0x0d || $0 == 0x1b }) {
            bytes.removeFirst(end)
        }
        let screen = TerminalScreen(size: TerminalSize(columns: columns, rows: rows))
        screen.feed(bytes)
        text = Self.choose(screen.rows, columns: columns)
    }

    /// The lowest row with words in it that is not part of an input box or its hints; of a marker what it says.
    static func choose(_ rows: [String], columns: Int) -> String? {
        var end = rows.count
        // What stands in and below a drawn box is the program's own furniture.
        if let top = rows.lastIndex(where: { isRule($0) }) {
            let above = rows[..<top].lastIndex(where: isRule)
            end = above.map { top - $0 <= 12 ? $0 : top } ?? top
            if !rows[..<end].contains(where: saysSomething) { end = rows.count }
        }
        guard let last = rows[..<end].lastIndex(where: saysSomething) else { return nil }
        if let report = TextMarkers.last(on: Array(rows[...last]), columns: columns), report.row == last {
            return String(words(of: report.marker).prefix(longest)).visible
        }
        return String(rows[last].drop { $0.isWhitespace }.prefix(longest)).visible
    }

    /// `✓ lint: 0 problems` for `{"type":"STATUS","stage":"lint","ok":true,"summary":"0 problems"}`.
    private static func words(of marker: Marker) -> String {
        let type = marker.type ?? ""
        let sign =
            switch type {
            case "STATUS": marker.ok == false ? "✗" : marker.ok == true ? "✓" : "·"
            case "ASK": "?"
            case "ERROR": "✗"
            default: type
            }
        let said = ["summary", "question", "detail"].lazy.compactMap { marker[$0]?.string }
            .first { !$0.isEmpty }
        let known: Set<String> = ["type", "stage", "ok", "id"]
        let rest = marker.payload.object.keys.filter { !known.contains($0) }
            .map { "\($0): \(marker[$0]?.string ?? marker[$0]?.serialized() ?? "")" }.joined(separator: ", ")
        let body = [marker.stage, said ?? (rest.isEmpty ? nil : rest)].compactMap(\.self)
            .joined(separator: ": ")
        return [sign, body].filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func isRule(_ row: String) -> Bool {
        let text = row.drop { $0.isWhitespace }
        guard text.unicodeScalars.count >= 10 else { return false }
        return text.unicodeScalars.count(where: { (0x2500...0x257f).contains($0.value) }) * 10
            >= text.unicodeScalars.count * 8
    }

    private static func saysSomething(_ row: String) -> Bool {
        row.unicodeScalars.count { $0.properties.isAlphabetic || $0.properties.numericType != nil } >= 2
    }
}
