/// The candidate that was probably meant by a mistyped `word`, or nil when none is near.
///
/// Near is a Damerau-Levenshtein distance of at most a third of the word (at least 1), letters compared without case;
/// equal distances go to the earlier candidate.
public func didYouMean(_ word: String, among candidates: some Sequence<String>) -> String? {
    let typed = Array(word.lowercased().unicodeScalars.prefix(256))
    guard !typed.isEmpty else { return nil }
    let allowed = max(1, (typed.count + 1) / 3)
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
        let scalars = Array(candidate.lowercased().unicodeScalars.prefix(256))
        guard abs(scalars.count - typed.count) <= allowed else { continue }
        let distance = editDistance(typed, scalars)
        if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
}

/// Insertions, deletions, replacements and swaps of neighbours that turn `left` into `right`.
private func editDistance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
    if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
    var beforePrevious: [Int] = []
    var previous = Array(0...right.count)
    for i in 1...left.count {
        var current = [i] + Array(repeating: 0, count: right.count)
        for j in 1...right.count {
            let same = left[i - 1] == right[j - 1]
            current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (same ? 0 : 1))
            if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                current[j] = min(current[j], beforePrevious[j - 2] + 1)
            }
        }
        beforePrevious = previous
        previous = current
    }
    return previous[right.count]
}
