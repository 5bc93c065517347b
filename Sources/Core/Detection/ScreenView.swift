/// What detection rules look at: the rows of one screen, its title and its cursor.
///
/// There is no clock and no history in it, so a recording and a living pane are judged alike.
public struct ScreenView: Sendable, Equatable {
    public let rows: [String]
    public let title: String
    public let cursorRow: Int
    /// The first row of the composer, or of the dialog in its place; the number of rows without one.
    let composerTop: Int

    public init(rows: [String], title: String, cursorRow: Int) {
        self.rows = rows
        self.title = title
        self.cursorRow = cursorRow
        composerTop = ScreenLayout.composerTop(rows)
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
        switch region {
        case .screen: return 0..<rows.count
        case .title: return 0..<0
        case .bottom: return composerTop..<rows.count
        case .lastBlock: return lastBlock(above: composerTop)
        case .promptBox: return composerTop..<composerEnd
        case .footer: return composerEnd..<rows.count
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
    private var composerEnd: Int {
        guard composerTop < rows.count else { return rows.count }
        if rows[composerTop].isRule {
            let lower = rows[(composerTop + 1)...].firstIndex(where: \.isRule)
            return lower.map { $0 + 1 } ?? rows.count
        }
        return rows[composerTop...].firstIndex(where: \.isEmpty) ?? rows.count
    }
}
