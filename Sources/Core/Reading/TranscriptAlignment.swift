/// Where a window of rows lies on a transcript.
struct TranscriptAlignment {
    typealias Row = TranscriptScanner.Row

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

    /// Finds the place of `window` on the transcript `known`, of which the rows before `start` have left the screen.
    static func align(
        _ window: TranscriptWindow, on known: [Row], from start: Int, afterResize: Bool
    ) -> TranscriptAlignment {
        let start = min(start, known.count)
        let last = best(window, known, from: start, backCost: backCost)
        if !afterResize, last.score > 0 { return place(last.pairs, known) }
        let back = afterResize ? max(0, start - 2 * window.count) : start
        if afterResize {
            let near = best(window, known, from: back, backCost: 0)
            // An answer like an earlier one matches that one, too.
            let isLast = last.score > 0 && Double(last.pairs.count) >= 0.6 * Double(near.pairs.count)
            if near.score > 0 { return place(isLast ? last.pairs : near.pairs, known) }
        }
        let filled = window.rows.count { !$0.text.isEmpty }
        let lenient = best(window, known, from: back, backCost: 0)
        if let pairs = climb(from: lenient.pairs, window, known) { return place(pairs, known) }
        if afterResize {
            let far = best(window, known, from: 0, backCost: 0)
            if far.pairs.count > 1, Double(far.pairs.count) >= 0.6 * Double(filled) {
                return place(far.pairs, known)
            }
        } else if let pairs = run(of: window, in: known) {
            // A jump away from the end shows known rows only; an answer like an earlier one differs somewhere.
            return TranscriptAlignment(start: pairs[0].1, pairs: pairs, isElsewhere: true)
        }
        // A dialog closed, and rows that it had pushed out of view are back above those that stayed.
        if lenient.pairs.count > 1, Double(lenient.pairs.count) > 0.5 * Double(filled) {
            return place(lenient.pairs, known)
        }
        return TranscriptAlignment(start: known.count, pairs: [])
    }

    /// The whole window as it stands in the transcript, blank rows aside; the latest place counts.
    private static func run(of window: TranscriptWindow, in known: [Row]) -> [(Int, Int)]? {
        let left = window.filled(from: 0)
        guard left.count > 1 else { return nil }
        for end in known.indices.reversed() where window.matches(left[left.count - 1], known[end]) {
            var pairs = [(left[left.count - 1], end)]
            var place = end
            for row in left.dropLast().reversed() {
                repeat { place -= 1 } while place >= 0 && known[place].isBlank
                guard place >= 0, window.matches(row, known[place]) else { break }
                pairs.append((row, place))
            }
            if pairs.count == left.count { return pairs.reversed() }
        }
        return nil
    }

    /// The pairs with those of the window's rows above them, when all of these stand in the transcript just above.
    ///
    /// What was painted got shorter, and rows that had left the screen at its top are back.
    private static func climb(
        from pairs: [(Int, Int)], _ window: TranscriptWindow, _ known: [Row]
    ) -> [(Int, Int)]? {
        guard let first = pairs.first else { return nil }
        // A few blank rows more or less are no difference.
        let top = max(0, first.1 - 3 * window.count)
        var above: [(Int, Int)] = []
        var place = first.1 - 1
        for row in window.rows[..<first.0].indices.reversed() where !window.rows[row].text.isEmpty {
            while place >= top, known[place].isBlank { place -= 1 }
            guard place >= top, window.matches(row, known[place]) else { return nil }
            above.append((row, place))
            place -= 1
        }
        return above.reversed() + pairs
    }

    private static func place(_ pairs: [(Int, Int)], _ known: [Row]) -> TranscriptAlignment {
        guard let first = pairs.first else { return TranscriptAlignment(start: known.count, pairs: []) }
        // Rows above the first pair take the place of as many rows above it.
        return TranscriptAlignment(start: max(0, first.1 - first.0), pairs: pairs)
    }

    /// The longest common subsequence of filled rows, less what speaks against it.
    private static func best(
        _ window: TranscriptWindow, _ known: [Row], from start: Int, backCost: Double
    ) -> (pairs: [(Int, Int)], score: Double) {
        // Rows that are the same from the top on are always part of a longest one, and most often all but a few.
        var pairs: [(Int, Int)] = []
        var (row, place) = (0, start)
        while true {
            while row < window.count, window.rows[row].text.isEmpty { row += 1 }
            while place < known.count, known[place].isBlank { place += 1 }
            guard row < window.count, place < known.count, window.matches(row, known[place]) else { break }
            pairs.append((row, place))
            (row, place) = (row + 1, place + 1)
        }
        let top = pairs.count
        let grid = Grid(window, window.filled(from: row), known, known.filled(from: place))
        guard top == 0 else {
            grid.trace(from: (0, 0), into: &pairs)
            return (pairs, Double(top) + grid.score(0, 0))
        }
        let first = grid.first(backCost: backCost)
        guard first.value > 0 else { return ([], 0) }
        grid.trace(from: (first.i, first.j), into: &pairs)
        return (pairs, first.value)
    }

    /// The scores of all ends of two lists of rows against each other.
    private struct Grid {
        private let left: [Int]
        private let right: [Int]
        private let width: Int
        /// Best for window rows from i on and known rows from j on; unmatched known rows at the end cost.
        private var scores: [Double]
        private var isSame: [Bool]

        init(_ window: TranscriptWindow, _ left: [Int], _ known: [Row], _ right: [Int]) {
            (self.left, self.right, width) = (left, right, right.count + 1)
            scores = [Double](repeating: 0, count: (left.count + 1) * width)
            isSame = [Bool](repeating: false, count: (left.count + 1) * width)
            for j in 0...right.count { scores[left.count * width + j] = -tailCost * Double(right.count - j) }
            guard !left.isEmpty, !right.isEmpty else { return }
            let hashes = right.map { known[$0].row.hash }
            for i in stride(from: left.count - 1, through: 0, by: -1) {
                let hash = window.rows[left[i]].hash
                let (row, below) = (i * width, (i + 1) * width)
                for j in stride(from: right.count - 1, through: 0, by: -1) {
                    var value = max(scores[below + j], scores[row + j + 1])
                    if hash == hashes[j], window.matches(left[i], known[right[j]]) {
                        isSame[row + j] = true
                        value = max(value, 1 + scores[below + j + 1])
                    }
                    scores[row + j] = value
                }
            }
        }

        func score(_ i: Int, _ j: Int) -> Double { scores[i * width + j] }

        /// The pair to begin with, and what the whole is worth from there; 0 when there is none.
        func first(backCost: Double) -> (i: Int, j: Int, value: Double) {
            var top = (i: 0, j: 0, value: 0.0)
            for i in left.indices {
                for j in right.indices where isSame[i * width + j] {
                    let value = 1 + score(i + 1, j + 1) - backCost * Double(i)
                    if value > top.value { top = (i, j, value) }
                }
            }
            return top
        }

        func trace(from place: (i: Int, j: Int), into pairs: inout [(Int, Int)]) {
            var (i, j) = place
            while i < left.count, j < right.count {
                if isSame[i * width + j], pairs.isEmpty || score(i, j) <= 1 + score(i + 1, j + 1) {
                    pairs.append((left[i], right[j]))
                    (i, j) = (i + 1, j + 1)
                } else if score(i + 1, j) >= score(i, j + 1) {
                    i += 1
                } else {
                    j += 1
                }
            }
        }
    }
}

extension [TranscriptScanner.Row] {
    /// The places of the rows with text from `start` on.
    fileprivate func filled(from start: Int) -> [Int] { (start..<count).filter { !self[$0].isBlank } }
}
