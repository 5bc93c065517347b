/// What the tests read out of a source file.
enum SourceText {
    /// The module that a line imports, and how far it is seen; nil for any other line.
    ///
    /// `import struct GRDB.Row` imports GRDB.
    static func imported(by line: Substring) -> (module: String, isPublic: Bool)? {
        let words = code(of: line).split { $0 == " " || $0 == "\t" || $0 == ";" }
        let levels: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
        guard let index = words.firstIndex(of: "import"),
            words[..<index].allSatisfy({ $0.hasPrefix("@") || levels.contains($0) })
        else { return nil }
        let kinds: Set<Substring> = [
            "struct", "class", "enum", "protocol", "actor", "typealias", "func", "let", "var",
        ]
        let named = words[(index + 1)...].first { !kinds.contains($0) }
        guard let module = named?.split(separator: ".").first else { return nil }
        return (String(module), words[..<index].contains("public"))
    }

    /// The line without the comment at its end; a `//` inside a text, as in an address, begins none.
    static func code(of line: Substring) -> Substring {
        var quoted = false
        var isRaw = false
        var index = line.startIndex
        while index < line.endIndex {
            let rest = line[index...]
            if quoted, !isRaw, rest.hasPrefix("\\") {
                index = line.index(index, offsetBy: 2, limitedBy: line.endIndex) ?? line.endIndex
                continue
            }
            if rest.hasPrefix("\"") {
                if !quoted { isRaw = line[..<index].hasSuffix("#") }
                if !quoted || !isRaw || rest.dropFirst().hasPrefix("#") { quoted.toggle() }
            } else if !quoted, rest.hasPrefix("//") {
                return line[..<index]
            }
            index = line.index(after: index)
        }
        return line
    }
}
