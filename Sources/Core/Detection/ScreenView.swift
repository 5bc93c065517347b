/// What detection rules look at: the rows of one screen, its title and its cursor.
///
/// There is no clock and no history in it, so a recording and a living pane are judged alike.
public struct ScreenView: Sendable, Equatable {
    public var rows: [String]
    public var title: String
    public var cursorRow: Int

    public init(rows: [String], title: String, cursorRow: Int) {
        self.rows = rows
        self.title = title
        self.cursorRow = cursorRow
    }

    /// A part of a screen that rules are about.
    public enum Region: String, Sendable, Codable, CaseIterable {
        /// All rows.
        case screen
        case title
        /// The last paragraph above the composer.
        case lastBlock = "last_block"
        /// The composer: from its first row to the footer.
        case promptBox = "prompt_box"
        /// From the composer, or the dialog in its place, to the last row.
        case bottom
        /// The filled rows below the composer.
        case footer
        case cursorRow = "cursor_row"
    }

    /// A region's rows with the row number of the first; nil for the title, which has no rows.
    func rows(of region: Region) -> Range<Int> {
        let top = ScreenLayout.composerTop(rows)
        switch region {
        case .screen: return 0..<rows.count
        case .title: return 0..<0
        case .bottom: return top..<rows.count
        case .lastBlock: return lastBlock(above: top)
        case .promptBox: return top..<composerEnd(from: top)
        case .footer: return composerEnd(from: top)..<rows.count
        case .cursorRow: return rows.indices.contains(cursorRow) ? cursorRow..<cursorRow + 1 : 0..<0
        }
    }

    /// The rows of every region that has some.
    public var filledRegions: [(region: Region, rows: Range<Int>)] {
        Region.allCases.map { ($0, rows(of: $0)) }.filter { !$0.1.isEmpty }
    }

    /// The text of a region, its rows joined by newlines.
    func text(of region: Region) -> String {
        region == .title ? title : rows[rows(of: region)].joined(separator: "\n")
    }

    private func lastBlock(above top: Int) -> Range<Int> {
        var end = top
        while end > 0, rows[end - 1].trimmed.isEmpty { end -= 1 }
        var start = end
        while start > 0, !rows[start - 1].trimmed.isEmpty { start -= 1 }
        return start..<end
    }

    /// Behind the lower rule of a box, or behind the last row that is typed text.
    private func composerEnd(from top: Int) -> Int {
        guard top < rows.count else { return rows.count }
        if ScreenLayout.isRule(rows[top]) {
            let lower = rows[(top + 1)...].firstIndex { ScreenLayout.isRule($0) }
            return lower.map { $0 + 1 } ?? rows.count
        }
        return rows[top...].firstIndex { $0.isEmpty } ?? rows.count
    }
}
