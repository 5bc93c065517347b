internal import TOMLKit

/// Says TOMLKit's errors in words that help.
enum TOMLSyntax {
    static func problem(
        _ error: TOMLParseError, lines: [[UInt8]], duplicates: [TOMLIndex.Duplicate], file: String
    ) -> ConfigurationProblem {
        let place = error.source.begin
        let line = lines.indices.contains(place.line - 1) ? lines[place.line - 1] : []
        // At the end of a file the parser counts one column too many.
        let end = String(decoding: line, as: UTF8.self).unicodeScalars.count + 1
        let position = SourcePosition(
            file: file, line: min(max(1, place.line), lines.count), column: min(max(1, place.column), end))
        if let duplicate = duplicates.first(where: { $0.second.line == position.line }) {
            return ConfigurationProblem(
                at: duplicate.second,
                "'\(ConfigurationProblem.visible(duplicate.key))' is written twice; the first is in line \(duplicate.first.line), column \(duplicate.first.column)",
                suggestion: "Remove one of them, or put both into one")
        }
        if error.description.contains("control characters other than TAB"), position.column == end {
            return ConfigurationProblem(
                at: position, "the quotes are not closed on this line",
                suggestion: "Close them, or use three quotes for text of several lines")
        }
        return ConfigurationProblem(
            at: position, message(error.description), suggestion: suggestion(error.description, line: line))
    }

    /// What to put in place of a wrong line to read on, or nil where other lines may rely on it.
    ///
    /// A section's header is replaced by one of its own, so that its keys do not count as those of the section above.
    static func mended(_ line: [UInt8], number: Int) -> [UInt8]? {
        let text = String(decoding: line, as: UTF8.self)
        if text.drop(while: { $0 == " " || $0 == "\t" }).hasPrefix("[") {
            return Array("[\" line \(number)\"]".utf8)
        }
        guard !text.contains("\"\"\""), !text.contains("'''") else { return nil }
        let opened = text.utf8.count { "[{".utf8.contains($0) }
        let closed = text.utf8.count { "]}".utf8.contains($0) }
        return opened == closed ? [] : nil
    }

    /// Without the parser's account of what it was doing: `Error while parsing key-value pair: …`.
    private static func message(_ text: String) -> String {
        var text = text[...]
        if text.hasPrefix("Error while parsing "), let colon = text.firstRange(of: ": ") {
            text = text[colon.upperBound...]
        }
        let words = [
            ("'\\n'", "the end of the line"), (", saw", ", found"),
            ("encountered end-of-file", "the file ends in the middle of a value"),
            ("could not determine value type", "this value is no text, number, date, list, true or false"),
        ]
        return words.reduce(String(text)) { $0.replacing($1.0, with: $1.1) }
    }

    private static func suggestion(_ text: String, line: [UInt8]) -> String {
        if text.contains("cannot redefine") { return "Put the keys of one section into one place" }
        if text.contains("expected ']', saw") { return "Write '[name]' on a line of its own" }
        if text.contains("expected keys, tables") { return "Begin the line with a key or '[section]'" }
        if text.contains("end-of-file") { return "Close the quotes or brackets that are opened above" }
        if text.contains("expected comma or closing ']'") {
            return "Separate values with ',' and close the list with ']'"
        }
        let written = String(decoding: line, as: UTF8.self)
        if let equals = written.firstIndex(of: "=") {
            let value = written[written.index(after: equals)...].drop { $0 == " " || $0 == "\t" }
            let first = value.first
            if first?.isNumber == true, !text.contains("expected a comment") {
                return "Put text in double quotes; numbers have no units and no leading zeroes"
            }
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
            return text.contains("expected a comment")
                ? "Write each key on a line of its own" : "Write 'key = value', and text in double quotes"
        }
        if written.contains(":") { return "Write 'key = value'; the ':' form is YAML" }
        return "Write 'key = value' or '[section]'"
    }
}
