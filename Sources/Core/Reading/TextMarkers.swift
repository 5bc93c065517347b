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
}
