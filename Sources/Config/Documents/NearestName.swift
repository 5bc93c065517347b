/// Finds which known name was probably meant.
enum NearestName {
    /// The known names closest to `name`, best first; empty when none is near enough to be a slip of the fingers.
    static func candidates(for name: String, among known: some Sequence<String>) -> [String] {
        let limit = max(1, min(3, (name.count + 1) / 3))
        return known.map { (name: $0, distance: distance(name.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= limit || ($0.name.hasPrefix(name) && name.count >= 3) }
            .sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }
            .prefix(2).map(\.name)
    }

    /// Edits between two names; two neighbours swapped are one edit.
    private static func distance(_ left: String, _ right: String) -> Int {
        let a = Array(left.unicodeScalars.prefix(100))
        let b = Array(right.unicodeScalars.prefix(100))
        guard !a.isEmpty, !b.isEmpty else { return max(a.count, b.count) }
        var before = [Int](repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        for i in 1...a.count {
            var current = [i] + [Int](repeating: 0, count: b.count)
            for j in 1...b.count {
                let change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                current[j] = min(previous[j] + 1, current[j - 1] + 1, change)
                if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                    current[j] = min(current[j], before[j - 2] + 1)
                }
            }
            (before, previous) = (previous, current)
        }
        return previous[b.count]
    }
}
