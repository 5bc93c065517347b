/// Where a window of rows lies on a transcript.
struct TranscriptAlignment {
    /// The transcript row that the window's first row replaces.
    var start: Int
    /// Window row and transcript row that are the same, both rising.
    var pairs: [(Int, Int)]
    /// The window shows old rows only, away from the transcript's end.
    var isElsewhere = false

    /// Weight of a window row above all known ones: it says that the window went back, which few programs do.
    private static let backCost = 3.0
    /// Weight of a transcript row below all found ones.
    private static let tailCost = 0.25

    static func align(
        _ window: [ScreenRow], on known: [String], from start: Int, afterResize: Bool
    ) -> TranscriptAlignment {
        let texts = window.map(\.text)
        let back = afterResize ? max(0, start - 2 * window.count) : min(start, known.count)
        let near = best(texts, known, from: back, backCost: afterResize ? 0 : backCost)
        if near.score > 0 { return place(near, texts, known) }
        let far = best(texts, known, from: max(0, known.count - 1200), backCost: 0)
        let filled = texts.count { !$0.isEmpty }
        if Double(far.pairs.count) >= 0.6 * Double(filled), far.pairs.count > 1 {
            var alignment = place(far, texts, known)
            let after = known[((far.pairs.last?.1 ?? 0) + 1)...].contains { !$0.isEmpty }
            let isAtEnd = (far.pairs.last?.0 ?? 0) < (texts.lastIndex { !$0.isEmpty } ?? 0)
            alignment.isElsewhere = after && !isAtEnd
            return alignment
        }
        if near.pairs.count > 1, Double(near.pairs.count) >= 0.25 * Double(filled) {
            return place(near, texts, known)
        }
        return TranscriptAlignment(start: known.count, pairs: [])
    }

    private static func place(
        _ found: (pairs: [(Int, Int)], score: Double), _ window: [String], _ known: [String]
    ) -> TranscriptAlignment {
        guard let first = found.pairs.first else { return TranscriptAlignment(start: known.count, pairs: []) }
        // Rows above the first pair take the place of as many rows above it.
        return TranscriptAlignment(start: max(0, first.1 - first.0), pairs: found.pairs)
    }

    /// The longest common subsequence of filled rows, less what speaks against it.
    private static func best(
        _ window: [String], _ known: [String], from start: Int, backCost: Double
    ) -> (pairs: [(Int, Int)], score: Double) {
        let left = window.indices.filter { !window[$0].isEmpty }
        let right = (start..<max(start, known.count)).filter { !known[$0].isEmpty }
        guard !left.isEmpty, !right.isEmpty else { return ([], 0) }
        let width = right.count + 1
        // score[i][j]: best for window rows from i on, with row i's predecessors settled, and known rows from j on.
        var score = [Double](repeating: 0, count: (left.count + 1) * width)
        for j in 0...right.count { score[left.count * width + j] = -tailCost * Double(right.count - j) }
        let hashes = (left.map { window[$0].hashValue }, right.map { known[$0].hashValue })
        for i in stride(from: left.count - 1, through: 0, by: -1) {
            score[i * width + right.count] = 0
            for j in stride(from: right.count - 1, through: 0, by: -1) {
                // No more pairs from here: all known rows from j on are a tail.
                var value = max(score[(i + 1) * width + j], score[i * width + j + 1])
                if hashes.0[i] == hashes.1[j], window[left[i]] == known[right[j]] {
                    value = max(value, 1 + score[(i + 1) * width + j + 1])
                }
                score[i * width + j] = value
            }
        }
        return trace(window, known, left, right, score, backCost)
    }

    private static func trace(
        _ window: [String], _ known: [String], _ left: [Int], _ right: [Int], _ score: [Double],
        _ backCost: Double
    ) -> (pairs: [(Int, Int)], score: Double) {
        let width = right.count + 1
        var top = (i: 0, j: 0, value: 0.0)
        for i in left.indices {
            for j in right.indices where window[left[i]] == known[right[j]] {
                let value = 1 + score[(i + 1) * width + j + 1] - backCost * Double(i)
                if value > top.value { top = (i, j, value) }
            }
        }
        guard top.value > 0 else { return ([], 0) }
        var pairs: [(Int, Int)] = []
        var (i, j) = (top.i, top.j)
        while i < left.count, j < right.count {
            if window[left[i]] == known[right[j]],
                score[i * width + j] <= 1 + score[(i + 1) * width + j + 1] || pairs.isEmpty
            {
                pairs.append((left[i], right[j]))
                (i, j) = (i + 1, j + 1)
            } else if score[(i + 1) * width + j] >= score[i * width + j + 1] {
                i += 1
            } else {
                j += 1
            }
        }
        return (pairs, top.value)
    }
}
