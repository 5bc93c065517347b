internal import TOMLKit

/// Says TOMLKit's errors in words that help.
enum TOMLSyntax {
    static func problem(
        _ error: TOMLParseError, lines: [[UInt8]], duplicates: [TOMLIndex.Duplicate], file: String
    ) -> ConfigurationProblem {
        let place = error.source.begin
        let position = SourcePosition(file: file, line: max(1, place.line), column: max(1, place.column))
        if let duplicate = duplicates.first(where: { $0.second.line == position.line }) {
            return ConfigurationProblem(
                at: duplicate.second,
                "'\(ConfigurationProblem.visible(duplicate.key))' is written twice; the first is in line \(duplicate.first.line), column \(duplicate.first.column)",
                suggestion: "Remove one of them, or put both into one")
        }
        let line = lines.indices.contains(position.line - 1) ? lines[position.line - 1] : []
        return ConfigurationProblem(
            at: position, message(error.description), suggestion: suggestion(error.description, line: line))
    }

    /// Whether leaving out the line cannot open or close anything that other lines rely on.
    static func standsAlone(_ line: [UInt8]) -> Bool {
        let text = String(decoding: line, as: UTF8.self)
        guard !text.contains("\"\"\""), !text.contains("'''") else { return false }
        let opened = text.utf8.count { "[{".utf8.contains($0) }
        let closed = text.utf8.count { "]}".utf8.contains($0) }
        return opened == closed
    }

    /// Without the parser's account of what it was doing: `Error while parsing key-value pair: …`.
    private static func message(_ text: String) -> String {
        guard text.hasPrefix("Error while parsing "), let colon = text.firstRange(of: ": ") else {
            return text
        }
        return String(text[colon.upperBound...])
    }

    private static func suggestion(_ text: String, line: [UInt8]) -> String? {
        let written = String(decoding: line, as: UTF8.self)
        if let equals = written.firstIndex(of: "=") {
            let value = written[written.index(after: equals)...].drop { $0 == " " || $0 == "\t" }
            let first = value.first
            if value.isEmpty { return "Write a value behind '='" }
            let word = value.prefix { $0.isLetter }.lowercased()
            if ["true", "yes", "on"].contains(word) {
                return "Write true in lower case, or put text in double quotes"
            }
            if ["false", "no", "off"].contains(word) {
                return "Write false in lower case, or put text in double quotes"
            }
            if first?.isLetter == true || first == "~" || first == "/" || first == "." || first == "*" {
                return "Put text in double quotes"
            }
            if first == "\"", text.contains("escape") || text.contains("unknown escape") {
                return "Use single quotes, in which a backslash is only a backslash"
            }
            if first == "\"" || first == "'" {
                return "Check that the quotes are closed, and that nothing follows them"
            }
            if first == "[" || first == "{" { return "Check commas, quotes and the closing bracket" }
            return nil
        }
        if written.contains(":") { return "Write 'key = value'; the ':' form is YAML" }
        return "Write 'key = value' or '[section]'"
    }
}
