extension JSONValue {
    /// One line of JSON; `sorted` orders the keys of every object by their bytes.
    public func serialized(sorted: Bool = false) -> String {
        var text = ""
        write(to: &text, sorted: sorted, indent: nil, depth: 0)
        return text
    }

    /// Several lines of JSON with sorted keys and two spaces a level, as the command line prints it.
    public func prettyPrinted() -> String {
        var text = ""
        write(to: &text, sorted: true, indent: "  ", depth: 0)
        return text
    }

    func write(to text: inout String, sorted: Bool, indent: String? = nil, depth: Int = 0) {
        func newline(_ depth: Int) {
            guard let indent else { return }
            text += "\n" + String(repeating: indent, count: depth)
        }
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? String(value) : "null"
        case .string(let value): Self.quote(value, into: &text)
        case .array(let values):
            guard !values.isEmpty else { return text += "[]" }
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                newline(depth + 1)
                value.write(to: &text, sorted: sorted, indent: indent, depth: depth + 1)
            }
            newline(depth)
            text += "]"
        case .object(let object):
            guard !object.isEmpty else { return text += "{}" }
            text += "{"
            let keys = sorted ? object.keys.sorted() : object.keys
            for (index, key) in keys.enumerated() {
                if index > 0 { text += "," }
                newline(depth + 1)
                Self.quote(key, into: &text)
                text += indent == nil ? ":" : ": "
                (object[key] ?? .null).write(to: &text, sorted: sorted, indent: indent, depth: depth + 1)
            }
            newline(depth)
            text += "}"
        }
    }

    private static func quote(_ value: String, into text: inout String) {
        text += "\""
        // Most texts need no escape at all.
        if value.utf8.allSatisfy({ (32..<127).contains($0) && $0 != 34 && $0 != 92 }) {
            text += value
            text += "\""
            return
        }
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isDeceptive:
                // Nothing that hides or turns text around gets through a terminal that shows the JSON.
                for unit in UTF16.encode(scalar) ?? .init() {
                    let hex = String(unit, radix: 16)
                    text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
