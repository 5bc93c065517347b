/// The rows of a screen that show a part of a transcript.
struct TranscriptWindow {
    let rows: [ScreenRow]
    /// For each row the row that begins the marker it goes on; empty when no row begins one.
    private let heads: [String?]
    /// How many rows may go on a marker that begins above the window.
    private let cut: Int

    var count: Int { rows.count }

    init(_ rows: ArraySlice<ScreenRow>) {
        self.rows = Array(rows)
        let hasHeads = rows.contains { $0.traits.contains(.beginsMarker) }
        var head: String?
        heads = hasHeads ? rows.map { Self.step(&head, $0) } : []
        cut = self.rows.firstIndex { $0.text.isEmpty || $0.traits.contains(.beginsMarker) } ?? rows.count
    }

    private static func step(_ head: inout String?, _ row: ScreenRow) -> String? {
        head = row.head(after: head)
        return head
    }

    /// True when the row of the window shows what the row of the transcript does, inside the same marker.
    func matches(_ index: Int, _ known: TranscriptScanner.Row) -> Bool {
        guard rows[index].hasSameText(as: known.row) else { return false }
        return index < cut || known.head == (heads.isEmpty ? nil : heads[index])
    }

    /// The places of the rows with text from `start` on.
    func filled(from start: Int) -> [Int] { (start..<count).filter { !rows[$0].text.isEmpty } }
}

extension ScreenRow {
    /// The row that begins the marker this row goes on, when `head` is that of the row above.
    func head(after head: String?) -> String? {
        if text.isEmpty { return nil }
        return traits.contains(.beginsMarker) ? text : head
    }
}
