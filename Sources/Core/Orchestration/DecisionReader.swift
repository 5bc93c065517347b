/// Finds the decision in what a decider printed: plain JSON, a fenced block, an object within prose, or the event
/// streams of `codex exec --json` and `claude -p --output-format json|stream-json`.
public enum DecisionReader {
    /// At most so many bytes are looked at: the decision stands at the end, as a rule.
    public static let mostBytes = 4 << 20
    /// So many bytes are gone through in search of objects within prose, those behind unclosed braces more than once.
    private static let mostSteps = 1 << 20
    /// More commands of one decision are not taken.
    public static let mostCommands = 50

    public static func read(_ output: String) throws(DecisionProblem) -> Decision {
        let bytes = output.utf8.count
        guard bytes <= mostBytes else { throw .tooLong(bytes: bytes) }
        let text = output.withoutOuterSpace
        guard !text.isEmpty else { throw .empty }
        return try read(text, depth: 0)
    }

    private static func read(_ text: String, depth: Int) throws(DecisionProblem) -> Decision {
        // A message may hold a message, not a whole nest of them.
        if depth < 3, let message = try EventStream.lastMessage(in: text) {
            let inner = message.withoutOuterSpace
            guard !inner.isEmpty else { throw .empty }
            return try read(inner, depth: depth + 1)
        }
        var found: DecisionProblem?
        for candidate in candidates(in: text) {
            do throws(DecisionProblem) {
                return try Decision(candidate)
            } catch {
                found = found ?? error
            }
        }
        throw found ?? .noJSON
    }

    /// Objects that may be the decision, the likeliest first: the whole text, fenced blocks from the last one on,
    /// then whatever stands in braces from the end on.
    private static func candidates(in text: String) -> [JSONObject] {
        if let whole = (try? JSONValue.parse(text))?.object { return [whole] }
        let fenced = fences(in: text).reversed().compactMap { (try? JSONValue.parse($0))?.object }
        return fenced + objects(in: text).reversed()
    }

    /// What stands between lines of three backticks.
    private static func fences(in text: String) -> [String] {
        var blocks: [String] = []
        var open: [Substring]?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let isFence = line.drop { $0 == " " }.hasPrefix("```")
            if let lines = open {
                open = isFence ? nil : lines + [line]
                if isFence { blocks.append(lines.joined(separator: "\n")) }
            } else if isFence {
                open = []
            }
        }
        return blocks
    }

    /// Whole objects within prose, the outermost ones; a brace that opens none is passed over.
    private static func objects(in text: String) -> [JSONObject] {
        let bytes = Array(text.utf8)
        var found: [JSONObject] = []
        var next = 0
        var steps = mostSteps
        while let start = bytes[next...].firstIndex(of: UInt8(ascii: "{")), steps > 0 {
            if let end = Self.end(of: bytes, from: start, &steps),
                let object = (try? JSONValue.parse(bytes: Array(bytes[start...end])))?.object
            {
                found.append(object)
                next = end + 1
            } else {
                next = start + 1
            }
        }
        return found
    }

    /// Where the brace at `start` closes, strings passed over; nil when it does not within 256 KiB.
    private static func end(of bytes: [UInt8], from start: Int, _ steps: inout Int) -> Int? {
        var depth = 0
        var isString = false
        var index = start
        let limit = min(bytes.count, start + 256 << 10)
        while index < limit, steps > 0 {
            steps -= 1
            switch bytes[index] {
            case UInt8(ascii: "\\") where isString: index += 1
            case UInt8(ascii: "\""): isString.toggle()
            case UInt8(ascii: "{") where !isString: depth += 1
            case UInt8(ascii: "}") where !isString:
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return nil
    }
}

extension String {
    /// Without white space at both ends.
    var withoutOuterSpace: String {
        var rest = Substring(self)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
