/// The names that a person may have meant by `name`: at most three, the likeliest first.
func nearest(to name: String, among names: [String]) -> [String] {
    let wanted = Array(name.lowercased())
    let scored = names.compactMap { candidate -> (name: String, score: Int)? in
        let given = Array(candidate.lowercased())
        if !wanted.isEmpty, candidate.lowercased().contains(name.lowercased()) { return (candidate, 0) }
        let distance = editDistance(wanted, given)
        return distance <= max(2, wanted.count / 3) ? (candidate, distance) : nil
    }
    return scored.sorted { ($0.score, $0.name) < ($1.score, $1.name) }.prefix(3).map(\.name)
}

/// How many characters must be inserted, deleted or replaced.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var row = Array(0...right.count)
    for (i, character) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in right.enumerated() {
            let cost = min(row[j + 1] + 1, row[j] + 1, diagonal + (character == other ? 0 : 1))
            diagonal = row[j + 1]
            row[j + 1] = cost
        }
    }
    return row[right.count]
}
