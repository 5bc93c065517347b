/// Says libyaml's faults in words that help, and mends those that hide further ones.
enum YAMLSyntax {
    static func report(_ fault: YAMLFault, in bytes: [UInt8], file: String, to problems: ProblemList) {
        switch fault.kind {
        case .refused(let message, let suggestion):
            let place = SourcePosition(file: file, line: fault.line + 1, column: fault.column + 1)
            problems.error(message, at: place, suggestion: suggestion)
        case .syntax(let problem, let context):
            let words = explain(problem, context, fault, bytes)
            let line = words.atContext ? fault.contextLine ?? fault.line : fault.line
            let column = words.atContext ? fault.contextColumn ?? fault.column : fault.column
            problems.error(
                words.message, at: SourcePosition(file: file, line: line + 1, column: column + 1),
                suggestion: words.suggestion)
        }
    }

    /// The bytes with the fault replaced by something harmless of the same length, or nil where that could mislead.
    static func mend(_ fault: YAMLFault, in bytes: [UInt8]) -> [UInt8]? {
        guard case .syntax(let problem, _) = fault.kind, let offset = offset(of: fault, in: bytes) else {
            return nil
        }
        var mended = bytes
        switch problem {
        case "found character that cannot start any token" where bytes[offset] == UInt8(ascii: "\t"):
            for index in offset..<bytes.count {
                guard bytes[index] == UInt8(ascii: "\t") || bytes[index] == UInt8(ascii: " ") else { break }
                mended[index] = UInt8(ascii: " ")
            }
        case "found character that cannot start any token": mended[offset] = UInt8(ascii: "x")
        case "found unknown escape character":
            guard let slash = bytes[offset...].firstIndex(of: UInt8(ascii: "\\")) else { return nil }
            mended[slash] = UInt8(ascii: "/")
        default: return nil
        }
        return mended
    }

    private struct Words {
        let message: String
        let suggestion: String?
        var atContext = false
    }

    private static func explain(
        _ problem: String, _ context: String?, _ fault: YAMLFault, _ bytes: [UInt8]
    ) -> Words {
        let character = offset(of: fault, in: bytes).map { bytes[$0] }
        switch problem {
        case "found character that cannot start any token" where character == UInt8(ascii: "\t"),
            "found a tab character where an indentation space is expected",
            "found a tab character that violates indentation":
            return Words(message: "a tab cannot indent YAML", suggestion: "Indent with spaces")
        case "found character that cannot start any token":
            let shown = character.map { String(UnicodeScalar($0)) } ?? "this"
            return Words(
                message: "a value without quotes cannot begin with '\(shown)'",
                suggestion: "Put the value in quotes")
        case "mapping values are not allowed in this context":
            return Words(
                message: "a ':' cannot stand here",
                suggestion:
                    "Put text that contains ': ' in quotes, and check that the line is indented like its neighbours"
            )
        case "could not find expected ':'":
            return Words(
                message: "this line has no ':'",
                suggestion: "Write 'key: value', or put text of several lines in quotes or behind '|'",
                atContext: true)
        case "found unknown escape character":
            return Words(
                message: "a backslash escape that YAML does not know",
                suggestion: "Use single quotes, in which a backslash is only a backslash: '\\d+'")
        case "found unexpected end of stream", "found unexpected document indicator":
            return Words(
                message: "the quote opened here is never closed", suggestion: "Close it", atContext: true)
        case "did not find expected ',' or ']'":
            return Words(
                message: "the list opened with '[' here is not closed, or a ',' is missing",
                suggestion: "Separate values with ',' and close with ']'", atContext: true)
        case "did not find expected ',' or '}'":
            return Words(
                message: "the group opened with '{' here is not closed, or a ',' is missing",
                suggestion:
                    "Separate keys with ',' and close with '}'; text that begins with '{' needs quotes",
                atContext: true)
        case "block sequence entries are not allowed in this context":
            return Words(
                message: "a list cannot begin here", suggestion: "Begin the list on the next line, indented")
        case "did not find expected key", "did not find expected '-' indicator":
            return Words(
                message: "the indentation of this line fits no line above it",
                suggestion: "Indent keys of one group, and items of one list, by the same number of spaces")
        default: return plainWords(problem, context)
        }
    }

    private static func plainWords(_ problem: String, _ context: String?) -> Words {
        if context == "while scanning a directive" {
            return Words(
                message: "a line that begins with '%' is a YAML directive",
                suggestion: "Put text that begins with '%' in quotes")
        }
        if problem == "control characters are not allowed" {
            return Words(
                message: "a control character stands here",
                suggestion: "Remove it, or write it as an escape in double quotes")
        }
        return Words(message: context.map { "\(problem) \($0)" } ?? problem, suggestion: nil)
    }

    /// The byte at the fault's line and column; nil past the end.
    private static func offset(of fault: YAMLFault, in bytes: [UInt8]) -> Int? {
        var line = 0
        var index = 0
        while line < fault.line {
            guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            index = end + 1
            line += 1
        }
        var column = -1
        while index < bytes.count {
            if bytes[index] & 0b1100_0000 != 0b1000_0000 { column += 1 }
            if column == fault.column { return index }
            index += 1
        }
        return nil
    }
}
