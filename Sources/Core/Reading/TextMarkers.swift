/// Finds markers in a text that no terminal has wrapped, such as the last message that an agent's hook hands over.
public enum TextMarkers {
    /// Lines are read as on a screen; what is broken is left out.
    public static func read(_ text: String) -> [Marker] {
        guard MarkerReader.mentions(text) else { return [] }
        let rows = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { ScreenRow(text: String($0.trimmed)) }
        let reader = MarkerReader(columns: .max / 2, acceptsBare: false)
        var markers: [Marker] = []
        var row = 0
        while row < rows.count {
            if case .found(let marker, let last) = reader.read(rows[...], at: row) {
                markers.append(marker)
                row = last
            }
            row += 1
        }
        return markers
    }

    /// The lowest marker on a screen with the last row that it covers, whatever its program made of it: without its hashes,
    /// behind a bullet, over several rows.
    public static func last(on rows: [String], columns: Int) -> (marker: Marker, row: Int)? {
        let screen = rows.map { ScreenRow(text: $0) }
        let reader = MarkerReader(columns: columns, acceptsBare: true)
        for row in rows.indices.reversed() {
            if case .found(let marker, let last) = reader.read(screen[...], at: row) { return (marker, last) }
        }
        return nil
    }
}
