/// Why a text is not the JSON that was asked for.
public enum JSONError: Error, Equatable, Sendable {
    /// Something else was expected at this byte.
    case unexpected(offset: Int, expected: String)
    /// The text ends inside a value.
    case unexpectedEnd(offset: Int)
    case tooDeep(offset: Int, limit: Int)
    case tooLarge(bytes: Int, limit: Int)
    case notUTF8
}

extension JSONError: UserFacingError {
    public var code: String { "invalid_json" }

    public var message: String {
        switch self {
        case .unexpected(let offset, let expected): "Invalid JSON at byte \(offset): expected \(expected)"
        case .unexpectedEnd(let offset): "Invalid JSON: the text ends at byte \(offset) inside a value"
        case .tooDeep(let offset, let limit): "JSON nested deeper than \(limit) levels at byte \(offset)"
        case .tooLarge(let bytes, let limit): "JSON of \(bytes) bytes is over the limit of \(limit)"
        case .notUTF8: "JSON text is not UTF-8"
        }
    }

    /// True when more text could still make the value whole.
    public var isIncomplete: Bool {
        if case .unexpectedEnd = self { true } else { false }
    }
}

extension JSONValue {
    /// Parses one JSON text and nothing after it but white space.
    public static func parse(_ text: String, limits: JSONParser.Limits = .init()) throws(JSONError)
        -> JSONValue
    {
        try parse(bytes: Array(text.utf8), limits: limits)
    }

    /// Parses UTF-8 bytes; a byte order mark is not JSON.
    public static func parse(
        bytes: [UInt8], limits: JSONParser.Limits = .init()
    ) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes, mode: .strict, limits: limits)
        let value = try parser.value()
        try parser.end()
        return value
    }
}

/// A JSON parser over bytes (RFC 8259); the last of two equal keys counts.
///
/// It never recurses deeper than its limit and copies each string once, so hostile text costs time in
/// proportion to its length.
public struct JSONParser: Sendable {
    /// What a text may not exceed.
    public struct Limits: Sendable {
        public var depth: Int
        public var bytes: Int

        public init(depth: Int = 64, bytes: Int = 64 * 1024 * 1024) {
            self.depth = depth
            self.bytes = bytes
        }
    }

    /// How damaged text is taken.
    public enum Mode: Sendable {
        case strict
        /// For JSON that went through a Markdown renderer, which eats backslashes.
        ///
        /// A quote inside a string closes it only where the text after it goes on as JSON; a backslash before a
        /// character that is no escape stands for itself; raw control characters are allowed.
        case repairing
    }

    let bytes: [UInt8]
    let mode: Mode
    let limits: Limits
    /// The byte that is read next.
    public private(set) var offset: Int
    private var depth = 0

    public init(_ bytes: [UInt8], mode: Mode, limits: Limits = .init(), from offset: Int = 0) {
        self.bytes = bytes
        self.mode = mode
        self.limits = limits
        self.offset = offset
    }

    /// Reads one value and stays behind its last byte.
    public mutating func value() throws(JSONError) -> JSONValue {
        if depth == 0, bytes.count - offset > limits.bytes {
            throw .tooLarge(bytes: bytes.count - offset, limit: limits.bytes)
        }
        skipSpace()
        guard let byte = peek else { throw .unexpectedEnd(offset: offset) }
        switch byte {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.list() }
        case UInt8(ascii: "\""): return .string(try string(.value))
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw .unexpected(offset: offset, expected: "a value")
        }
    }

    /// Requires that only white space is left.
    public mutating func end() throws(JSONError) {
        skipSpace()
        guard offset == bytes.count else {
            throw .unexpected(offset: offset, expected: "the end of the text")
        }
    }

    mutating func advance(_ count: Int = 1) { offset += count }

    private var peek: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { offset += 1 }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        guard depth < limits.depth else { throw .tooDeep(offset: offset, limit: limits.depth) }
        depth += 1
        offset += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        var object = JSONObject()
        skipSpace()
        if take("}") { return .object(object) }
        while true {
            skipSpace()
            guard let quote = peek else { throw .unexpectedEnd(offset: offset) }
            guard quote == UInt8(ascii: "\"") else { throw .unexpected(offset: offset, expected: "a key") }
            let key = try string(.key)
            skipSpace()
            try require(":", "':'")
            object[key] = try value()
            skipSpace()
            if take(",") { continue }
            try require("}", "',' or '}'")
            return .object(object)
        }
    }

    private mutating func list() throws(JSONError) -> JSONValue {
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(values) }
        while true {
            values.append(try value())
            skipSpace()
            if take(",") { continue }
            try require("]", "',' or ']'")
            return .array(values)
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        offset += 1
        return true
    }

    private mutating func require(_ scalar: Unicode.Scalar, _ expected: String) throws(JSONError) {
        if take(scalar) { return }
        guard peek != nil else { throw .unexpectedEnd(offset: offset) }
        throw .unexpected(offset: offset, expected: expected)
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let text = Array("\(word)".utf8)
        for byte in text {
            guard let next = peek else { throw .unexpectedEnd(offset: offset) }
            guard next == byte else { throw .unexpected(offset: offset, expected: "'\(word)'") }
            offset += 1
        }
        return value
    }

    private mutating func digits() throws(JSONError) {
        guard let first = peek else { throw .unexpectedEnd(offset: offset) }
        guard isDigit(first) else { throw .unexpected(offset: offset, expected: "a digit") }
        while let byte = peek, isDigit(byte) { offset += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = offset
        _ = take("-")
        if peek == UInt8(ascii: "0") {
            offset += 1
            if let byte = peek, isDigit(byte) {
                throw .unexpected(offset: offset, expected: "no leading zero")
            }
        } else {
            try digits()
        }
        var isWhole = true
        if take(".") {
            isWhole = false
            try digits()
        }
        if let byte = peek, byte | 0x20 == UInt8(ascii: "e") {
            isWhole = false
            offset += 1
            if !take("+") { _ = take("-") }
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw .unexpected(offset: start, expected: "a number in range")
        }
        return .number(value)
    }
}
