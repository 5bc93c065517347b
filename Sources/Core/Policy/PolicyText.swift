/// Words for people about policies; text from panes and payloads is cut and made visible.
enum PolicyText {
    /// At most `limit` characters on one line, safe to print.
    static func excerpt(_ text: String, limit: Int = 120) -> String {
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return text.visible }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))).visible + "…"
    }

    static func quoted(_ text: String) -> String { "'\(excerpt(text))'" }

    /// `text` with each `{key}` of `values` replaced once; other braces stay, and values are not searched
    /// again.
    static func filled(_ text: String, _ values: [String: String]) -> String {
        var result = ""
        var rest = Substring(text)
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"),
                let value = values[String(rest[rest.index(after: open)..<close])]
            else {
                result += "{"
                rest = rest.dropFirst()
                continue
            }
            result += value
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }
}
