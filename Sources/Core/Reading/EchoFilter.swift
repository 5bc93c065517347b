/// Text that this program typed into the pane: its echo is nobody's report.
public struct EchoFilter: Codable, Equatable, Sendable {
    private var lines: [String] = []

    /// Lines that are remembered; older ones have long scrolled away.
    static let most = 400

    public init() {}

    /// Expects the echo of `text` from now on.
    public mutating func expect(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let line = String(line.trimmed)
            if line.count > 2, !lines.contains(line) { lines.append(line) }
        }
        if lines.count > Self.most { lines.removeFirst(lines.count - Self.most) }
    }

    /// True for a row that is a typed line, alone or behind a prompt.
    func contains(_ row: String) -> Bool {
        guard !lines.isEmpty else { return false }
        let row = row.trimmed
        guard row.count > 2 else { return false }
        return lines.contains { line in
            row == line
                || row.count > line.count && row.hasSuffix(line) && Self.isPrompt(row.dropLast(line.count))
        }
    }

    private static func isPrompt(_ text: Substring) -> Bool {
        guard let last = text.trimmed.last else { return true }
        return "$#%>❯›".contains(last)
    }
}
