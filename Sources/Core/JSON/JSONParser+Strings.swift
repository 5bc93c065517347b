extension JSONParser {
    enum StringRole { case key, value }

    /// Reads a string whose opening quote is next.
    mutating func string(_ role: StringRole) throws(JSONError) -> String {
        advance()
        var text: [UInt8] = []
        var plain = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                if mode == .strict || closes(role, at: offset) {
                    let rest = bytes[plain..<offset]
                    advance()
                    // Nearly every string has no escape, and is made without a copy of its bytes.
                    let decoded =
                        text.isEmpty
                        ? String(validating: rest, as: UTF8.self)
                        : String(validating: text + rest, as: UTF8.self)
                    guard let decoded else { throw .notUTF8 }
                    return decoded
                }
                advance()
            } else if byte == UInt8(ascii: "\\") {
                text += bytes[plain..<offset]
                try escape(into: &text)
                plain = offset
            } else if byte < 0x20, mode == .strict {
                throw .unexpected(offset: offset, expected: "an escaped control character")
            } else {
                advance()
            }
        }
        throw .unexpectedEnd(offset: offset)
    }

    /// True when what follows a quote inside a string can only be JSON that goes on.
    private func closes(_ role: StringRole, at quote: Int) -> Bool {
        var next = skippingSpace(from: quote + 1)
        guard next < bytes.count else { return true }
        if role == .key { return bytes[next] == UInt8(ascii: ":") }
        switch bytes[next] {
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            return true
        case UInt8(ascii: ","):
            // `"he said "no", and left"`: a comma alone is not enough, a value or `"key":` must stand behind it.
            next = skippingSpace(from: next + 1)
            guard next < bytes.count else { return true }
            guard bytes[next] == UInt8(ascii: "\"") else { return isValueStart(bytes[next]) }
            return true
        default:
            return false
        }
    }

    private func isValueStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "-"), 0x30...0x39: true
        default: false
        }
    }

    private func skippingSpace(from start: Int) -> Int {
        var index = start
        while index < bytes.count, bytes[index] == 0x20 || (0x09...0x0d).contains(bytes[index]) { index += 1 }
        return index
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let start = offset
        advance()
        guard offset < bytes.count else { throw .unexpectedEnd(offset: offset) }
        let byte = bytes[offset]
        if let plain = Self.escapes[byte] {
            advance()
            return text.append(plain)
        }
        if byte == UInt8(ascii: "u") {
            advance()
            if let scalar = try unicodeEscape() {
                return text += Array(String(Character(scalar)).utf8)
            }
        }
        guard mode == .repairing else { throw .unexpected(offset: start, expected: "an escape sequence") }
        text += bytes[start..<offset]
    }

    private static let escapes: [UInt8: UInt8] = [
        UInt8(ascii: "\""): 0x22, UInt8(ascii: "\\"): 0x5c, UInt8(ascii: "/"): 0x2f, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0c, UInt8(ascii: "n"): 0x0a, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09,
    ]

    /// The scalar of `\uXXXX`, or of a surrogate pair; a lone surrogate becomes U+FFFD.
    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar? {
        guard let first = try hex4() else { return nil }
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xdc00, offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
            bytes[offset + 1] == UInt8(ascii: "u")
        else { return "\u{fffd}" }
        let back = offset
        advance(2)
        guard let second = try hex4(), (0xdc00...0xdfff).contains(second) else {
            advance(back - offset)
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private mutating func hex4() throws(JSONError) -> UInt32? {
        var value: UInt32 = 0
        for index in 0..<4 {
            guard offset + index < bytes.count else { throw .unexpectedEnd(offset: bytes.count) }
            guard let digit = Character(Unicode.Scalar(bytes[offset + index])).hexDigitValue else {
                if mode == .repairing { return nil }
                throw .unexpected(offset: offset + index, expected: "a hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
        }
        advance(4)
        return value
    }
}
