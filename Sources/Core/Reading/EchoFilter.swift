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
        guard let last = row.utf8.last else { return false }
        return lines.contains { line in
            // Text that ends in different letters of ASCII is different, however it is composed.
            guard let end = line.utf8.last, end == last || end >= 0x80 || last >= 0x80 else { return false }
            return row == line
                || row.count > line.count && row.hasSuffix(line) && Self.isPrompt(row.dropLast(line.count))
        }
    }

    /// The rows, without typed lines in front of a marker.
    ///
    /// A text that waits at a shell's prompt for its Enter shares its row with what a program prints meanwhile.
    func uncovering(_ rows: [ScreenRow]) -> [ScreenRow] {
        guard !lines.isEmpty else { return rows }
        var rows = rows
        for index in rows.indices {
            let text = rows[index].text
            guard MarkerReader.mentions(text), let end = typedEnd(text) else { continue }
            rows[index].text = String(text[end...])
        }
        return rows
    }

    /// Where a marker begins right behind a typed line, which stands alone or behind a prompt.
    private func typedEnd(_ text: String) -> String.Index? {
        for line in lines {
            for range in text.ranges(of: line)
            where text[range.upperBound...].hasPrefix("### \(MarkerReader.word)")
                && Self.isPrompt(text[..<range.lowerBound])
            {
                return range.upperBound
            }
        }
        return nil
    }

    private static func isPrompt(_ text: Substring) -> Bool {
        guard let last = text.trimmed.last else { return true }
        return "$#%>❯›".contains(last)
    }
}
