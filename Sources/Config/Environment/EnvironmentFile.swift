internal import Core
internal import Glibc
public import SystemPackage

/// Reads variables from a file that only its owner may see: `NAME=value` lines, as systemd's `EnvironmentFile=` has them.
///
/// `export ` in front, `#` comments, and single or double quotes around a value are allowed; nothing in a value is expanded.
public enum EnvironmentFile {
    /// Nil when there is no such file.
    ///
    /// Throws ``ConfigurationError`` for one that others may read, and for every line that sets nothing. `known` are names
    /// that mean something; others are warned of.
    public static func load(
        _ path: FilePath, known: [String]
    ) throws(ConfigurationError) -> Decoded<[String: String]>? {
        var info = stat()
        guard unsafe stat(path.string, &info) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .unreadable(file: path.string, reason: Errno(rawValue: errno).description)
        }
        guard info.st_mode & 0o077 == 0 else {
            throw .unreadable(
                file: path.string, reason: "others may read or write it, and it holds secrets (chmod 600)")
        }
        let bytes = try ConfigurationFile.bytes(at: path, shownAs: path.string)
        return try decode(bytes, file: path.string, known: known)
    }

    /// Decodes a file's bytes.
    public static func decode(
        _ bytes: [UInt8], file: String, known: [String]
    ) throws(ConfigurationError) -> Decoded<[String: String]> {
        let problems = ProblemList()
        var variables: [String: String] = [:]
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let text = String(validating: line, as: UTF8.self) else {
                problems.error(
                    "this line is not UTF-8", at: SourcePosition(file: file, line: index + 1, column: 1),
                    suggestion: "Save the file as UTF-8 text")
                continue
            }
            guard let (name, value) = read(text, line: index + 1, file, known, problems) else { continue }
            variables[name] = value
        }
        try problems.throwErrors(of: file)
        return Decoded(variables, warnings: problems.warnings)
    }

    private static func read(
        _ text: String, line: Int, _ file: String, _ known: [String], _ problems: ProblemList
    ) -> (String, String)? {
        let indent = text.prefix { $0.isWhitespace }
        var rest = text.dropFirst(indent.count)
        guard let first = rest.first, first != "#" else { return nil }
        if rest.hasPrefix("export ") { rest = rest.dropFirst(7).drop { $0 == " " } }
        let column =
            text.unicodeScalars.distance(
                from: text.unicodeScalars.startIndex, to: rest.startIndex) + 1
        let place = SourcePosition(file: file, line: line, column: column)
        guard let equals = rest.firstIndex(of: "=") else {
            problems.error(
                "this line sets no variable", at: place, suggestion: "Write NAME=value, or begin it with #")
            return nil
        }
        let name = String(rest[..<equals])
        guard name.first?.isNumber == false,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") })
        else {
            problems.error(
                "'\(ConfigurationProblem.visible(name))' cannot name an environment variable", at: place,
                suggestion: "Write NAME=value without spaces around the '='")
            return nil
        }
        if !known.contains(name) {
            problems.warning(
                "'\(name)' means nothing to any channel", at: place,
                suggestion: didYouMean(name, among: known).map { "Did you mean '\($0)'?" })
        }
        guard let value = unquoted(rest[rest.index(after: equals)...]) else {
            problems.error(
                "the value of '\(name)' has no closing quote", at: place,
                suggestion: "Close it at the end of the line, or write the value without quotes")
            return nil
        }
        return (name, value)
    }

    /// Nil when a quote is not closed.
    private static func unquoted(_ written: Substring) -> String? {
        var text = written
        while let last = text.last, last.isWhitespace { text.removeLast() }
        guard let quote = text.first, quote == "\"" || quote == "'" else { return String(text) }
        guard text.count > 1, text.last == quote else { return nil }
        return String(text.dropFirst().dropLast())
    }
}
