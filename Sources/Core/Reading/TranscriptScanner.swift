/// Finds markers and lines on a screen that its program paints as a whole: a window on a transcript.
///
/// Such a program rewrites rows to scroll them, so neither a row nor its text says what is new. The scanner keeps the
/// transcript it has seen, finds where the window lies on it, and takes as new what stands behind the known rows.
/// Rows above known rows were scrolled back into view. Call it only when the program has finished painting.
struct TranscriptScanner: Codable, Equatable, Sendable {
    struct Row: Codable, Equatable, Sendable {
        var row: ScreenRow
        /// Of the payload, when a marker that begins here was given out.
        var counted: UInt64?
        var isWarned = false
        var isLineGiven = false
        /// It was on the screen before the scanner came, or came back from above.
        var isOld = false
        var isEcho = false
        /// The head of this row's block was never seen.
        var isOrphan = false
        /// Rows that were never seen stand between the one above and this one.
        var isBehindGap = false

        /// The row that begins the marker this row goes on.
        var head: String?

        var isBlank: Bool { row.text.isEmpty }
    }

    private(set) var rows: [Row] = []
    /// Where the window began in `rows` last time.
    private(set) var windowStart = 0
    /// The screen was resized: rows may have come back from above and all wraps may differ.
    var wasResized: Bool {
        get { lenientScans > 0 }
        set { lenientScans = newValue ? Self.lenientScansAfterResize : 0 }
    }
    private var lenientScans = 0
    private var sawOnlyProgress = false
    private var repairedBefore: UInt64?

    static let longest = 1200
    /// Programs paint a few times before a resized screen is whole.
    private static let lenientScansAfterResize = 8

    struct Result {
        var markers: [Marker] = []
        var lines: [String] = []
        var broken = 0
    }

    mutating func scan(
        _ screen: [ScreenRow], columns: Int, acceptsBare: Bool, echoes: EchoFilter, isSettled: Bool = false
    ) -> Result {
        var shown = ScreenLayout.content(of: screen)
        dropStickyHeader(&shown)
        while shown.last?.text.isEmpty == true { shown.removeLast() }
        while shown.first?.text.isEmpty == true { shown.removeFirst() }
        guard !shown.isEmpty else {
            // Only a spinner is left in a low pane: all known rows and the prompt have scrolled away.
            sawOnlyProgress = screen.contains { $0.traits.contains(.spinner) }
            return Result()
        }
        if !isSettled, isUnchanged(shown) { return Result() }
        let window = TranscriptWindow(shown)
        var alignment = TranscriptAlignment.align(
            window, on: rows, from: windowStart, afterResize: wasResized)
        if sawOnlyProgress, shown.allSatisfy({ $0.traits.isDisjoint(with: .prompt) }) {
            windowStart = rows.count
            alignment = TranscriptAlignment(start: rows.count, pairs: [])
        }
        sawOnlyProgress = false
        if alignment.isElsewhere {
            // With a prompt still unanswered, an answer like an earlier one is more likely than a look back.
            guard rows.last(where: { !$0.isBlank })?.isEcho == true else { return Result() }
            alignment = TranscriptAlignment(start: rows.count, pairs: [])
        }
        let start = merge(window.rows, alignment)
        lenientScans = max(0, lenientScans - 1)
        let reader = MarkerReader(columns: columns, acceptsBare: acceptsBare)
        let result = read(from: start, reader, echoes, isSettled)
        forgetOldest()
        return result
    }

    /// True when only a spinner or the composer has changed since the last look.
    private func isUnchanged(_ window: ArraySlice<ScreenRow>) -> Bool {
        guard lenientScans == 0, !sawOnlyProgress, repairedBefore == nil,
            windowStart + window.count == rows.count
        else { return false }
        return zip(window, rows[windowStart...]).allSatisfy {
            $0.hasSameText(as: $1.row) && $0.isBold == $1.row.isBold && $0.isShaded == $1.row.isShaded
        }
    }

    /// Codex repeats the current prompt in the first row while its own row is scrolled out of view.
    private func dropStickyHeader(_ window: inout ArraySlice<ScreenRow>) {
        guard !rows.isEmpty, window.count > 1, let prompt = window.first,
            prompt.traits.contains(.codexPrompt), prompt.text.begins(with: "› ")
        else { return }
        // Unknown text under an unknown prompt may be the rest of what was typed.
        let next = window[window.startIndex + 1]
        let isKnown =
            next.text.isEmpty
            || rows.contains { $0.row.hasSameText(as: next) || $0.row.hasSameText(as: prompt) }
        if isKnown { window.removeFirst() }
    }

    /// Puts the window in the place of the rows it covers; what is known about a row stays with it.
    private mutating func merge(_ window: [ScreenRow], _ alignment: TranscriptAlignment) -> Int {
        let gap = gap(above: alignment)
        let start = max(min(alignment.start, rows.count), gap ?? 0)
        let isGap = alignment.pairs.isEmpty && !rows.isEmpty
        var merged = window.map { Row(row: $0) }
        var isReplaced = [Bool](repeating: true, count: rows.count - start)
        for (new, known) in alignment.pairs where known >= start {
            merged[new] = rows[known]
            merged[new].row = window[new]
            isReplaced[known - start] = false
        }
        for index in rowsSeenBefore(in: window, alignment.pairs, gap: gap) {
            merged[index].isLineGiven = true
            merged[index].isWarned = true
            merged[index].isOld = true
        }
        if isGap || rows.isEmpty { merged[0].isOrphan = true }
        if isGap || gap != nil { merged[0].isBehindGap = true }
        var head = start > 0 ? rows[start - 1].head : nil
        for index in merged.indices {
            head = window[index].head(after: head)
            merged[index].head = head
        }
        // Painted anew from top to bottom, a marker that was just in view is the same marker.
        moved =
            isGap
            ? rows[min(windowStart, rows.count)...].compactMap(\.counted)
            : isReplaced.indices.compactMap { isReplaced[$0] ? rows[start + $0].counted : nil }
        rows.replaceSubrange(start..., with: merged)
        windowStart = start
        return start
    }

    /// The row behind rows that were never seen, when the window shows rows above it.
    private func gap(above alignment: TranscriptAlignment) -> Int? {
        guard let first = alignment.pairs.first, first.0 > 0 else { return nil }
        return rows[max(0, alignment.start)...first.1].lastIndex { $0.isBehindGap }
    }

    /// Rows of the window that are no news although they match none: older than what was seen, or wrapped anew.
    private func rowsSeenBefore(in window: [ScreenRow], _ pairs: [(Int, Int)], gap: Int?) -> [Int] {
        guard let first = pairs.first else { return [] }
        var above = first.0
        if let gap {
            let before = rows[max(0, gap - window.count)..<gap]
            above =
                window[..<first.0].lastIndex { row in
                    !row.text.isEmpty && before.contains { $0.row.hasSameText(as: row) }
                }.map { $0 + 1 } ?? 0
        }
        // What is new stands at the end; one known row below it may be a footer that moves.
        guard wasResized, pairs.count > 1 else { return Array(0..<above) }
        let paired = Set(pairs.map(\.0))
        let end = pairs[pairs.count - 2].0
        return Array(0..<above) + (first.0..<max(first.0, end)).filter { !paired.contains($0) }
    }

    /// Payloads of markers whose rows were replaced: the same payload in the new rows is the same marker.
    private var moved: [UInt64] = []

    private mutating func read(
        from start: Int, _ reader: MarkerReader, _ echoes: EchoFilter, _ isSettled: Bool
    ) -> Result {
        var result = Result()
        var repaired: UInt64?
        var index = start
        while index > 0, index > start - 2000, !rows[index - 1].isBlank { index -= 1 }
        var block = Block(after: index > 0 ? rows[index - 1] : nil)
        let base = index
        var shown: [ScreenRow] = []
        while index < rows.count {
            block.take(&rows[index], echoes)
            defer { index += 1 }
            guard !rows[index].isEcho, rows[index].counted == nil,
                rows[index].row.traits.contains(.mentionsMarker),
                !block.isUnknown || (rows[index].row.isBold && !rows[index].row.isShaded),
                !continuesSentence(index, reader.columns)
            else { continue }
            if shown.isEmpty { shown = rows[base...].map(\.row) }
            switch reader.read(shown[...], at: index - base) {
            case .none, .incomplete: break
            case .broken:
                if !rows[index].isWarned, isFinal(index, isSettled) {
                    rows[index].isWarned = true
                    result.broken += 1
                }
            case .found(let marker, let last):
                let hash = marker.fingerprint
                if marker.repaired, repairedBefore != hash, !isFinal(base + last, isSettled) {
                    repaired = hash
                    continue
                }
                rows[index].counted = hash
                if let known = moved.firstIndex(of: hash) {
                    moved.remove(at: known)
                } else if !rows[index].isOld {
                    result.markers.append(marker)
                }
            }
        }
        moved = []
        repairedBefore = repaired
        giveLines(from: start, into: &result)
        return result
    }

    /// True when text below shows that the program has gone on behind this row.
    private func isFinal(_ index: Int, _ isSettled: Bool) -> Bool {
        isSettled || rows[(index + 1)...].contains { !$0.isBlank && !$0.row.traits.contains(.isUnfinished) }
    }

    /// A row that a renderer broke out of a sentence is not a line of its own; headings are bold.
    private func continuesSentence(_ index: Int, _ columns: Int) -> Bool {
        guard index > 0, !rows[index].row.isBold, !rows[index - 1].isBlank else { return false }
        if rows[index - 1].row.isWrapped { return true }
        let word = rows[index].row.text.trimmed.prefix { !$0.isWhitespace }
        return rows[index - 1].row.text.displayWidth + 1 + word.displayWidth > columns - 3
            && MarkerReader.head(rows[index - 1].row.text) == nil
    }

    private mutating func giveLines(from start: Int, into result: inout Result) {
        guard let last = rows.lastIndex(where: { !$0.isBlank }) else { return }
        var index = start
        while index < last {
            if !rows[index].isLineGiven {
                rows[index].isLineGiven = true
                if !rows[index].isBlank, !rows[index].isEcho { result.lines.append(rows[index].row.text) }
            }
            index += 1
        }
    }

    private mutating func forgetOldest() {
        let excess = rows.count - Self.longest
        guard excess > 200 else { return }
        rows.removeFirst(excess)
        windowStart = max(0, windowStart - excess)
    }

    /// Knows whether a row belongs to what the user typed.
    private struct Block {
        var isEcho: Bool
        var isShaded: Bool
        var isUnknown: Bool

        init(after row: Row?) {
            isEcho = row?.isEcho ?? false
            isShaded = row?.row.isShaded ?? false
            isUnknown = row?.isOrphan ?? true
        }

        mutating func take(_ row: inout Row, _ echoes: EchoFilter) {
            if row.isOrphan { isUnknown = true }
            if !row.isBlank, !row.row.traits.contains(.isIndented) {
                isUnknown = false
                isEcho = !row.row.traits.isDisjoint(with: .prompt)
                isShaded = row.row.isShaded
            } else if isEcho, isShaded, !row.isBlank, !row.row.isShaded {
                // The typed text is drawn on a background, and this row is not.
                isEcho = false
            }
            row.isOrphan = isUnknown
            row.isEcho = isEcho || echoes.contains(row.row.text)
        }
    }
}

extension Marker {
    /// Equal for equal payloads, stable between runs of the program.
    var fingerprint: UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in JSONValue.object(payload.object).serialized(sorted: true).utf8 where byte > 0x20 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return hash
    }
}
