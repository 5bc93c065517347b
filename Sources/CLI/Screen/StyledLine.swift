internal import Core

/// A line of a full-screen view: pieces of text, each with its style, cut at the screen's edge.
struct StyledLine: Sendable {
    typealias Painter = @Sendable (String) -> String

    private(set) var pieces: [(text: String, paint: Painter)] = []

    init() {}

    init(_ text: String, _ paint: @escaping Painter = { $0 }) { add(text, paint) }

    /// `text` may hold anything that others wrote.
    mutating func add(_ text: String, _ paint: @escaping Painter = { $0 }) {
        pieces.append((text.visible, paint))
    }

    var width: Int { pieces.reduce(0) { $0 + $1.text.displayWidth } }

    /// Fills up with spaces to `columns`.
    mutating func pad(to columns: Int) {
        let missing = columns - width
        if missing > 0 { add(String(repeating: " ", count: missing)) }
    }

    /// The line in at most `columns` columns.
    func text(columns: Int) -> String {
        var rest = columns
        var line = ""
        for piece in pieces where rest > 0 {
            let cut = piece.text.displayWidth > rest ? piece.text.truncated(toColumns: rest) : piece.text
            rest -= cut.displayWidth
            line += piece.paint(cut)
        }
        return line
    }
}
