/// Columns and rows of a pane.
public struct TerminalSize: Hashable, Sendable, Codable, CustomStringConvertible {
    public let columns: Int
    public let rows: Int

    /// The largest side that is read; tmux itself allows 10,000.
    public static let largestSide = 10_000

    /// Sides are brought into 1...`largestSide`.
    public init(columns: Int, rows: Int) {
        self.columns = min(max(columns, 1), Self.largestSide)
        self.rows = min(max(rows, 1), Self.largestSide)
    }

    /// Nil unless the text is `COLSxROWS` in decimal digits, both from 1 to `largestSide`.
    public init?(_ text: some StringProtocol) {
        let sides = text.split(separator: "x", omittingEmptySubsequences: false)
        guard sides.count == 2, sides.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let columns = Int(sides[0]), let rows = Int(sides[1]),
            (1...Self.largestSide).contains(columns), (1...Self.largestSide).contains(rows)
        else { return nil }
        self.init(columns: columns, rows: rows)
    }

    public var description: String { "\(columns)x\(rows)" }
}
