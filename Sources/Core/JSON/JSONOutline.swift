/// Where the parts of a JSON text stand, so that it can be changed without being written anew.
///
/// Reads what editors' settings hold: comments, commas behind the last element and a byte order mark, too.
public struct JSONOutline: Sendable, Equatable {
    public indirect enum Value: Sendable, Equatable {
        case object([Member])
        case array([JSONOutline])
        case string(String)
        /// A number, a truth value or null.
        case other
    }

    public struct Member: Sendable, Equatable {
        public var key: String
        /// Offset of the key's first quote.
        public var start: Int
        public var value: JSONOutline
    }

    /// Bytes from the value's first to behind its last.
    public var range: Range<Int>
    public var value: Value

    public subscript(key: String) -> JSONOutline? {
        guard case .object(let members) = value else { return nil }
        return members.last { $0.key == key }?.value
    }

    public var members: [Member]? { if case .object(let members) = value { members } else { nil } }
    public var elements: [JSONOutline]? { if case .array(let elements) = value { elements } else { nil } }
    public var string: String? { if case .string(let text) = value { text } else { nil } }

    /// Ranges of what a list or an object holds, keys included, in their order.
    public var parts: [Range<Int>] {
        switch value {
        case .object(let members): members.map { $0.start..<$0.value.range.upperBound }
        case .array(let elements): elements.map(\.range)
        case .string, .other: []
        }
    }

    public static func read(_ bytes: [UInt8]) throws(JSONError) -> JSONOutline {
        var reader = Reader(bytes: bytes)
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { reader.offset = 3 }
        let outline = try reader.value(depth: 0)
        try reader.skipBlanks()
        guard reader.offset == bytes.count else {
            throw .unexpected(offset: reader.offset, expected: "the end of the text")
        }
        return outline
    }

    /// Behind white space and comments that begin at `offset`.
    public static func blanksEnd(_ bytes: [UInt8], from offset: Int) -> Int {
        var reader = Reader(bytes: bytes, offset: offset)
        try? reader.skipBlanks()  // an open comment was an error when the text was read
        return reader.offset
    }

    private struct Reader {
        let bytes: [UInt8]
        var offset = 0
        static let deepest = 64

        var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

        mutating func skipBlanks() throws(JSONError) {
            while let byte {
                if byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d {
                    offset += 1
                } else if byte == UInt8(ascii: "/"), offset + 1 < bytes.count,
                    bytes[offset + 1] == UInt8(ascii: "/")
                {
                    while let next = self.byte, next != 0x0a { offset += 1 }
                } else if byte == UInt8(ascii: "/"), offset + 1 < bytes.count,
                    bytes[offset + 1] == UInt8(ascii: "*")
                {
                    let start = offset
                    offset += 2
                    while offset + 1 < bytes.count, bytes[offset...(offset + 1)] != [0x2a, 0x2f] {
                        offset += 1
                    }
                    guard offset + 1 < bytes.count else { throw .unexpectedEnd(offset: start) }
                    offset += 2
                } else {
                    return
                }
            }
        }

        mutating func value(depth: Int) throws(JSONError) -> JSONOutline {
            guard depth < Self.deepest else { throw .tooDeep(offset: offset, limit: Self.deepest) }
            try skipBlanks()
            let start = offset
            guard let byte else { throw .unexpectedEnd(offset: offset) }
            let value: Value
            switch byte {
            case UInt8(ascii: "{"): value = .object(try members(depth: depth))
            case UInt8(ascii: "["): value = .array(try elements(depth: depth))
            case UInt8(ascii: "\""): value = .string(try string())
            default:
                while let next = self.byte, !" \t\n\r,:[]{}/\"".utf8.contains(next) { offset += 1 }
                // The parser for whole values says whether it is a number or a word.
                _ = try JSONValue.parse(bytes: Array(bytes[start..<offset]))
                value = .other
            }
            return JSONOutline(range: start..<offset, value: value)
        }

        private mutating func string() throws(JSONError) -> String {
            let start = offset
            offset += 1
            while let next = byte, next != UInt8(ascii: "\"") { offset += next == UInt8(ascii: "\\") ? 2 : 1 }
            guard byte != nil else { throw .unexpectedEnd(offset: start) }
            offset += 1
            return try JSONValue.parse(bytes: Array(bytes[start..<offset])).string ?? ""
        }

        private mutating func members(depth: Int) throws(JSONError) -> [Member] {
            var members: [Member] = []
            offset += 1
            while try !isClosed(by: UInt8(ascii: "}")) {
                guard byte == UInt8(ascii: "\"") else {
                    throw .unexpected(offset: offset, expected: "a key in quotes")
                }
                let start = offset
                let key = try string()
                try skipBlanks()
                guard byte == UInt8(ascii: ":") else { throw .unexpected(offset: offset, expected: "':'") }
                offset += 1
                members.append(Member(key: key, start: start, value: try value(depth: depth + 1)))
                try separator(before: UInt8(ascii: "}"))
            }
            return members
        }

        private mutating func elements(depth: Int) throws(JSONError) -> [JSONOutline] {
            var elements: [JSONOutline] = []
            offset += 1
            while try !isClosed(by: UInt8(ascii: "]")) {
                elements.append(try value(depth: depth + 1))
                try separator(before: UInt8(ascii: "]"))
            }
            return elements
        }

        private mutating func isClosed(by bracket: UInt8) throws(JSONError) -> Bool {
            try skipBlanks()
            guard let byte else { throw .unexpectedEnd(offset: offset) }
            guard byte == bracket else { return false }
            offset += 1
            return true
        }

        private mutating func separator(before bracket: UInt8) throws(JSONError) {
            try skipBlanks()
            guard let byte else { throw .unexpectedEnd(offset: offset) }
            if byte == UInt8(ascii: ",") {
                offset += 1
            } else if byte != bracket {
                throw .unexpected(offset: offset, expected: "',' or '\(Character(Unicode.Scalar(bracket)))'")
            }
        }
    }
}
