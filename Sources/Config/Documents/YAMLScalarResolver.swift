/// Decides what a YAML scalar is: PyYAML's rules where people rely on them.
enum YAMLScalarResolver {
    static func value(
        of scalar: YAMLScalar, at position: SourcePosition, problems: ProblemList
    ) -> DocumentNode.Value {
        let text = scalar.text
        if text.utf8.contains(0) {
            problems.error("this text contains a NUL character", at: position, suggestion: "Remove '\\0'")
        }
        guard let tag = scalar.tag, tag != "!" else {
            return scalar.isPlain && scalar.tag == nil ? plain(text) : .string(text)
        }
        let wanted = plain(text)
        switch (tag, wanted) {
        case ("tag:yaml.org,2002:str", _): return .string(text)
        case ("tag:yaml.org,2002:int", .integer), ("tag:yaml.org,2002:float", .number),
            ("tag:yaml.org,2002:bool", .bool), ("tag:yaml.org,2002:null", .null):
            return wanted
        case ("tag:yaml.org,2002:float", .integer(let number)): return .number(Double(number))
        default: reportTag(tag, at: position, problems: problems)
        }
        return .string(text)
    }

    static func reportTag(_ tag: String, at position: SourcePosition, problems: ProblemList) {
        let shown = ConfigurationProblem.visible(
            tag.hasPrefix("tag:yaml.org,2002:") ? "!!" + tag.dropFirst(18) : tag)
        problems.error(
            "the tag '\(shown)' cannot be used here", at: position,
            suggestion: "Remove it; text that begins with '!' needs quotes")
    }

    private static func plain(_ text: String) -> DocumentNode.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
        case ".inf", ".Inf", ".INF", "+.inf": return .number(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
        case ".nan", ".NaN", ".NAN": return .number(.nan)
        default: return number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> DocumentNode.Value? {
        guard let first = text.utf8.first, text.utf8.count <= 64,
            first == UInt8(ascii: "-") || first == UInt8(ascii: "+") || first == UInt8(ascii: ".")
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return nil }
        let negative = first == UInt8(ascii: "-")
        let unsigned = text.drop { $0 == "-" || $0 == "+" }
        guard text.count - unsigned.count <= 1, let start = unsigned.first, start.isASCII,
            start.isNumber || start == "."
        else { return nil }
        let digits = unsigned.replacing("_", with: "")
        if let integer = integer(String(digits), negative: negative) { return .integer(integer) }
        let isDecimal = digits.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || ".eE+-".utf8.contains(byte)
        }
        // Without a point PyYAML takes `1e3` for text, and so short commit hashes stay text.
        guard isDecimal, digits.contains("."), digits.contains(where: \.isNumber), let number = Double(digits)
        else { return nil }
        return .number(negative ? -number : number)
    }

    private static func integer(_ digits: String, negative: Bool) -> Int64? {
        let sign = negative ? "-" : ""
        for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] where digits.hasPrefix(prefix) {
            let body = digits.dropFirst(2)
            return body.first.map(\.isHexDigit) == true ? Int64(sign + body, radix: radix) : nil
        }
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        if digits.count > 1, digits.hasPrefix("0") { return Int64(sign + digits, radix: 8) }
        return Int64(sign + digits)
    }
}
