internal import Core

/// Turns nodes into Swift values; what does not fit becomes a problem, and decoding goes on.
///
/// Every function answers nil after it reported a problem. `name` is how the message calls the value: usually its key.
public struct NodeDecoder {
    public let problems: ProblemList

    public init(problems: ProblemList) { self.problems = problems }

    public func mismatch(
        _ node: DocumentNode, _ name: String, takes expected: String, suggestion: String
    ) {
        problems.error(
            "'\(name)' takes \(expected), but this is \(node.summary)", at: node.position,
            suggestion: suggestion)
    }

    /// Text; a number without quotes is taken as it was written, while `yes` or `null` must be quoted to be text.
    public func string(_ node: DocumentNode, as name: String) -> String? {
        switch node.value {
        case .string(let text): return text
        case .integer, .number: return node.text
        case .bool:
            mismatch(
                node, name, takes: "text", suggestion: "Write \"\(node.text)\" in quotes if the word is meant"
            )
        case .null: mismatch(node, name, takes: "text", suggestion: "Write \"\" for empty text")
        default: mismatch(node, name, takes: "text", suggestion: "Write one text, in quotes: \"…\"")
        }
        return nil
    }

    public func bool(_ node: DocumentNode, as name: String) -> Bool? {
        if case .bool(let value) = node.value { return value }
        mismatch(node, name, takes: "true or false", suggestion: "Write true or false, without quotes")
        return nil
    }

    public func integer(
        _ node: DocumentNode, as name: String, in range: ClosedRange<Int> = 0...Int.max
    ) -> Int? {
        guard case .integer(let value) = node.value, let number = Int(exactly: value) else {
            let quoted = node.style == .quoted && Int(node.text) != nil
            mismatch(
                node, name, takes: "a whole number",
                suggestion:
                    "Write \(quoted ? node.text : "one such as \(max(1, range.lowerBound))") without quotes")
            return nil
        }
        guard range.contains(number) else {
            problems.error(
                "'\(name)' must be \(Self.describe(range)), but this is \(number)", at: node.position,
                suggestion: Self.nearest(to: number, in: range))
            return nil
        }
        return number
    }

    public func number(
        _ node: DocumentNode, as name: String, in range: ClosedRange<Double> = 0...Double.infinity
    ) -> Double? {
        let value: Double
        switch node.value {
        case .integer(let integer): value = Double(integer)
        case .number(let number): value = number
        default:
            mismatch(
                node, name, takes: "a number", suggestion: "Write one such as 2 or 1.5 without quotes")
            return nil
        }
        guard range.contains(value) else {
            problems.error(
                "'\(name)' must be \(Self.describe(range)), but this is \(node.text)", at: node.position,
                suggestion: Self.nearest(to: value, in: range))
            return nil
        }
        return value
    }

    /// A duration such as `10m`; a bare number means seconds only where the classic files have it so.
    public func duration(_ node: DocumentNode, as name: String, bareSeconds: Bool = false) -> Duration? {
        let example = "Write a number with a unit, such as 500ms, 30s, 10m, 1h30m or 24h"
        switch node.value {
        case .string, .integer, .number:
            if let duration = DurationText.parse(node.text, bareSeconds: bareSeconds) { return duration }
            if Double(node.text) != nil {
                problems.error(
                    "'\(name)' takes a duration, and \(node.text) has no unit", at: node.position,
                    suggestion: "Write \(node.text)s for seconds, or use ms, m, h or d")
            } else {
                mismatch(node, name, takes: "a duration", suggestion: example)
            }
        default: mismatch(node, name, takes: "a duration", suggestion: example)
        }
        return nil
    }

    /// One of the words of an enumeration.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ node: DocumentNode, as name: String, of type: Choice.Type = Choice.self
    ) -> Choice? {
        guard let text = string(node, as: name) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        unknown(text, what: "'\(name)' cannot be", among: words, at: node.position)
        return nil
    }

    /// A list of texts; a single text counts as a list of one.
    public func strings(_ node: DocumentNode, as name: String) -> [String]? {
        guard case .array(let elements) = node.value else {
            if case .string(let text) = node.value { return [text] }
            mismatch(node, name, takes: "a list of texts", suggestion: "Write [\"…\", \"…\"]")
            return nil
        }
        return elements.compactMap { string($0, as: name) }
    }

    /// Keys with text values, such as environment variables; numbers and true or false are taken as written.
    public func stringTable(_ node: DocumentNode, as name: String) -> [String: String]? {
        guard let entries = node.entries else {
            if node.isNull { return [:] }
            mismatch(
                node, name, takes: "keys with values", suggestion: "Write each key with its value: { … }")
            return nil
        }
        var table: [String: String] = [:]
        for entry in entries {
            switch entry.value.value {
            case .bool: table[entry.key] = entry.value.text
            default: if let text = string(entry.value, as: entry.key) { table[entry.key] = text }
            }
        }
        return table
    }

    public func array(_ node: DocumentNode, as name: String) -> [DocumentNode]? {
        if let elements = node.elements { return elements }
        mismatch(node, name, takes: "a list", suggestion: "Write the list in brackets: [ … ]")
        return nil
    }

    /// A decoder for the keys of `node`; call its `finish()` after the last key was asked for.
    public func mapping(_ node: DocumentNode, as name: String) -> MappingDecoder? {
        guard node.entries != nil else {
            mismatch(
                node, name, takes: "a group of keys",
                suggestion: "Write each key with its value, below it or in braces: { … }")
            return nil
        }
        return MappingDecoder(node, name: name, problems: problems)
    }

    /// Reports a word that is none of `known`, naming the nearest.
    public func unknown(_ word: String, what: String, among known: [String], at position: SourcePosition) {
        let near = didYouMean(word, among: known)
        problems.error(
            "\(what) '\(ConfigurationProblem.visible(word))'", at: position,
            suggestion: near.map { "Did you mean '\($0)'?" }
                ?? "Write one of \(known.joined(separator: ", "))")
    }

    private static func nearest<Bound>(to value: Bound, in range: ClosedRange<Bound>) -> String {
        value < range.lowerBound ? "Write \(range.lowerBound) or more" : "Write \(range.upperBound) or less"
    }

    private static func describe<Bound>(_ range: ClosedRange<Bound>) -> String {
        if range.upperBound as? Int == Int.max || range.upperBound as? Double == .infinity {
            return "at least \(range.lowerBound)"
        }
        return "between \(range.lowerBound) and \(range.upperBound)"
    }
}
