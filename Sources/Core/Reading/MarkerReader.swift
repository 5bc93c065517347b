/// Reads one marker out of rows that a program may have decorated, wrapped and damaged.
struct MarkerReader {
    /// Columns of the pane.
    var columns: Int
    /// A renderer may have eaten the `### `.
    var acceptsBare: Bool

    /// Bytes of JSON that a marker may have.
    static let longestPayload = 64 * 1024

    enum Outcome: Equatable {
        /// No marker begins in this row.
        case none
        /// One begins, and rows that are still to come may complete it.
        case incomplete
        /// One begins that can never be read.
        case broken
        case found(Marker, lastRow: Int)
    }

    struct Head: Equatable {
        var isHashed: Bool
        /// What stands behind `SENTRY` in this row, without spaces at its ends.
        var rest: Substring
    }

    static let word = "SENTRY"

    /// True when `text` holds the word of every marker; cheap enough for every row.
    static func mentions(_ text: String) -> Bool { text.holds("SENTRY") }

    /// The marker that begins in `rows[start]`.
    func read(_ rows: ArraySlice<ScreenRow>, at start: Int) -> Outcome {
        guard let head = Self.head(rows[start].text), head.isHashed || acceptsBare else { return .none }
        var first = start
        var rest = head.rest
        if rest.isEmpty {
            // A renderer that cannot break an object moves it whole to the next row.
            first = start + 1
            guard first < rows.endIndex else { return .incomplete }
            rest = rows[first].text.trimmed
            guard rest.first == "{" else { return .none }
        }
        guard rest.first == "{" else { return .broken }
        return body(rows, from: first, rest: rest)
    }

    /// Strips decoration: indentation, list bullets, a heading's hashes; nil when the row does not begin a marker.
    static func head(_ text: String) -> Head? {
        guard mentions(text) else { return nil }
        var rest = text[...].drop(while: \.isWhitespace)
        var isHashed = false
        for _ in 0..<6 {
            if rest.hasPrefix(word) {
                let after = rest.dropFirst(word.count)
                guard after.isEmpty || after.first == "{" || after.first?.isWhitespace == true else {
                    return nil
                }
                return Head(isHashed: isHashed, rest: after.trimmed)
            }
            guard !isHashed, let first = rest.first else { return nil }
            if rest.hasPrefix("###"), rest.dropFirst(3).first != "#" {
                isHashed = true
                rest = rest.dropFirst(3)
            } else if bullets.contains(first) {
                rest = rest.dropFirst()
            } else if let item = rest.wholeNumberItem {
                rest = item
            } else {
                return nil
            }
            let spaces = rest.prefix(while: \.isWhitespace).count
            guard spaces > 0 || isHashed else { return nil }
            rest = rest.dropFirst(spaces)
        }
        return nil
    }

    private static let bullets: Set<Character> = [
        "●", "•", "◦", "▪", "▸", "‣", "⏺", "○", "■", "-", "*", "+", "–", "⎿", "└",
    ]

    private func body(_ rows: ArraySlice<ScreenRow>, from first: Int, rest: Substring) -> Outcome {
        var parts = [String(rest) + Self.printedSpaces(rows[first])]
        var bytes = rest.utf8.count
        var index = first + 1
        var isOpenEnded = true
        while index < rows.endIndex {
            let text = rows[index].text
            guard !text.trimmed.isEmpty else {
                isOpenEnded = false
                break
            }
            guard bytes <= Self.longestPayload else { return .broken }
            parts.append(
                rows[index - 1].isWrapped ? text : String(text.trimmed) + Self.printedSpaces(rows[index]))
            bytes += parts[parts.count - 1].utf8.count + 1
            index += 1
        }
        let joints = (1..<max(parts.count, 1)).map { part in
            joint(rows[first + part - 1], parts[part - 1], parts[part])
        }
        switch strict(parts, joints, first) {
        case .found(let marker, let row): return .found(marker, lastRow: row)
        case .incomplete: return isOpenEnded ? .incomplete : .broken
        default: break
        }
        if parts.count > 1 {
            for all in ["", " "] {
                let same = Array(repeating: all, count: joints.count)
                if case .found(let marker, let row) = strict(parts, same, first) {
                    return .found(marker, lastRow: row)
                }
            }
        }
        let repaired = parse(parts, joints, first, .repairing)
        return repaired == .incomplete && !isOpenEnded ? .broken : repaired
    }

    /// Spaces at the end of a row that the terminal wrapped.
    private static func printedSpaces(_ row: ScreenRow) -> String {
        row.isWrapped ? String(row.text.reversed().prefix { $0.isWhitespace }) : ""
    }

    private func strict(_ parts: [String], _ joints: [String], _ first: Int) -> Outcome {
        parse(parts, joints, first, .strict)
    }

    private func parse(_ parts: [String], _ joints: [String], _ first: Int, _ mode: JSONParser.Mode)
        -> Outcome
    {
        var bytes = Array(parts[0].utf8)
        var starts = [0]
        for (joint, part) in zip(joints, parts.dropFirst()) {
            bytes += Array(joint.utf8)
            starts.append(bytes.count)
            bytes += Array(part.utf8)
        }
        var parser = JSONParser(bytes, mode: mode)
        let value: JSONValue
        do {
            value = try parser.value()
        } catch {
            return error.isIncomplete ? .incomplete : .broken
        }
        guard case .object(let object) = value, parser.offset <= Self.longestPayload else { return .broken }
        let part = starts.lastIndex { $0 < parser.offset } ?? 0
        let end = part + 1 < starts.count ? starts[part + 1] - joints[part].utf8.count : bytes.count
        let trailing = String(decoding: bytes[parser.offset..<max(parser.offset, end)], as: UTF8.self)
        guard trailing.allSatisfy({ $0.isWhitespace || "│┃|▌▐".contains($0) }) else { return .broken }
        return .found(Marker(payload: object, repaired: mode == .repairing), lastRow: first + part)
    }

    /// What stood between two rows before a program wrapped them: nothing or a space.
    private func joint(_ row: ScreenRow, _ left: String, _ right: String) -> String {
        if row.isWrapped { return "" }
        guard let last = left.unicodeScalars.last, let first = right.unicodeScalars.first else { return "" }
        if last.isWide || first.isWide { return "" }
        // A word is only broken when it is longer than a row, and then the row is full.
        let isFull = row.text.displayWidth >= columns - 3
        guard isFull else { return " " }
        let tail = left.unicodeScalars.reversed().prefix { $0 != " " }.count
        let head = right.unicodeScalars.prefix { $0 != " " }.count
        return tail + head > columns - 6 || tail == left.unicodeScalars.count ? "" : " "
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: SubSequence {
        guard let start = firstIndex(where: { !$0.isWhitespace }) else { return self[endIndex...] }
        let end = lastIndex { !$0.isWhitespace } ?? start
        return self[start...end]
    }
}

extension Substring {
    /// What follows `12.` or `3)` at the start.
    fileprivate var wholeNumberItem: Substring? {
        let digits = prefix { $0.isASCII && $0.isNumber }
        guard (1...3).contains(digits.count) else { return nil }
        let rest = dropFirst(digits.count)
        guard let mark = rest.first, mark == "." || mark == ")" else { return nil }
        return rest.dropFirst()
    }
}
