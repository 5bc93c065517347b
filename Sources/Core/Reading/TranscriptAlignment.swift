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

    /// What a row is compared by.
    struct Key: Equatable {
        var text: String
        /// The row that begins the marker this row goes on, nil outside of markers.
        var head: String?
        /// The row above is not on the screen, so that the head is unknown.
        var isCut = false

        var isBlank: Bool { text.isEmpty }

        func matches(_ other: Key) -> Bool {
            (isCut || other.isCut || head == other.head) && text.hasSameBytes(as: other.text)
        }
    }

    /// Finds the place of `window` on a transcript of `count` rows; `known` makes the keys from a row on.
    static func align(
        _ window: [Key], on count: Int, from start: Int, afterResize: Bool, known: (Int) -> [Key]
    ) -> TranscriptAlignment {
        let start = min(start, count)
        let last = best(window, known(start), from: start, backCost: backCost)
        if !afterResize, last.score > 0 { return place(last.pairs, count) }
        let back = afterResize ? max(0, start - 2 * window.count) : start
        let recent = known(back)
        if afterResize {
            let near = best(window, recent, from: back, backCost: 0)
            // An answer like an earlier one matches that one, too.
            let isLast = last.score > 0 && Double(last.pairs.count) >= 0.6 * Double(near.pairs.count)
            if near.score > 0 { return place(isLast ? last.pairs : near.pairs, count) }
        }
        let filled = window.count { !$0.isBlank }
        let lenient = best(window, recent, from: back, backCost: 0)
        if let pairs = climb(from: lenient.pairs, window, known) { return place(pairs, count) }
        if afterResize {
            let far = best(window, known(0), from: 0, backCost: 0)
            if far.pairs.count > 1, Double(far.pairs.count) >= 0.6 * Double(filled) {
                return place(far.pairs, count)
            }
        } else if let pairs = run(of: window, in: known(0)) {
            // A jump away from the end shows known rows only; an answer like an earlier one differs somewhere.
            return TranscriptAlignment(start: pairs[0].1, pairs: pairs, isElsewhere: true)
        }
        // A dialog closed, and rows that it had pushed out of view are back above those that stayed.
        if lenient.pairs.count > 1, Double(lenient.pairs.count) > 0.5 * Double(filled) {
            return place(lenient.pairs, count)
        }
        return TranscriptAlignment(start: count, pairs: [])
    }

    /// The whole window as it stands in the transcript, blank rows aside; the latest place counts.
    private static func run(of window: [Key], in known: [Key]) -> [(Int, Int)]? {
        let left = window.indices.filter { !window[$0].isBlank }
        let right = known.indices.filter { !known[$0].isBlank }
        guard left.count > 1, right.count >= left.count else { return nil }
        for first in stride(from: right.count - left.count, through: 0, by: -1) {
            var count = 0
            while count < left.count, window[left[count]].matches(known[right[first + count]]) { count += 1 }
            if count == left.count { return left.indices.map { (left[$0], right[first + $0]) } }
        }
        return nil
    }

    /// The pairs with those of the window's rows above them, when all of these stand in the transcript just above.
    ///
    /// What was painted got shorter, and rows that had left the screen at its top are back.
    private static func climb(
        from pairs: [(Int, Int)], _ window: [Key], _ known: (Int) -> [Key]
    ) -> [(Int, Int)]? {
        guard let first = pairs.first else { return nil }
        // A few blank rows more or less are no difference.
        let base = max(0, first.1 - 3 * window.count)
        let rows = known(base)
        var above: [(Int, Int)] = []
        var place = first.1 - base - 1
        for row in window[..<first.0].indices.reversed() where !window[row].isBlank {
            while place >= 0, rows[place].isBlank { place -= 1 }
            guard place >= 0, window[row].matches(rows[place]) else { return nil }
            above.append((row, base + place))
            place -= 1
        }
        return above.reversed() + pairs
    }

    private static func place(_ pairs: [(Int, Int)], _ count: Int) -> TranscriptAlignment {
        guard let first = pairs.first else { return TranscriptAlignment(start: count, pairs: []) }
        // Rows above the first pair take the place of as many rows above it.
        return TranscriptAlignment(start: max(0, first.1 - first.0), pairs: pairs)
    }

    /// The longest common subsequence of filled rows, less what speaks against it.
    private static func best(
        _ window: [Key], _ known: [Key], from start: Int, backCost: Double
    ) -> (pairs: [(Int, Int)], score: Double) {
        let left = window.indices.filter { !window[$0].isBlank }
        let right = known.indices.filter { !known[$0].isBlank }
        // Rows that are the same from the top on are always part of a longest one, and most often all but a few.
        var pairs: [(Int, Int)] = []
        while pairs.count < min(left.count, right.count),
            window[left[pairs.count]].matches(known[right[pairs.count]])
        {
            pairs.append((left[pairs.count], start + right[pairs.count]))
        }
        let top = pairs.count
        let grid = Grid(Array(left[top...]), Array(right[top...]), window, known)
        guard top == 0 else {
            grid.trace(from: (0, 0), into: &pairs, start)
            return (pairs, Double(top) + grid.score(0, 0))
        }
        let first = grid.first(backCost: backCost)
        guard first.value > 0 else { return ([], 0) }
        grid.trace(from: (first.i, first.j), into: &pairs, start)
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

        init(_ left: [Int], _ right: [Int], _ window: [Key], _ known: [Key]) {
            (self.left, self.right, width) = (left, right, right.count + 1)
            scores = [Double](repeating: 0, count: (left.count + 1) * width)
            isSame = [Bool](repeating: false, count: (left.count + 1) * width)
            for j in 0...right.count { scores[left.count * width + j] = -tailCost * Double(right.count - j) }
            guard !left.isEmpty, !right.isEmpty else { return }
            let hashes = right.map { known[$0].text.byteHash }
            for i in stride(from: left.count - 1, through: 0, by: -1) {
                let hash = window[left[i]].text.byteHash
                let (row, below) = (i * width, (i + 1) * width)
                for j in stride(from: right.count - 1, through: 0, by: -1) {
                    var value = max(scores[below + j], scores[row + j + 1])
                    if hash == hashes[j], window[left[i]].matches(known[right[j]]) {
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

        func trace(from place: (i: Int, j: Int), into pairs: inout [(Int, Int)], _ start: Int) {
            var (i, j) = place
            while i < left.count, j < right.count {
                if isSame[i * width + j], pairs.isEmpty || score(i, j) <= 1 + score(i + 1, j + 1) {
                    pairs.append((left[i], start + right[j]))
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
