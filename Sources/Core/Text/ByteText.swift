/// Looks at text by its bytes, without regard to equivalent compositions: rows come from cells, thousands a second,
/// and characters cost a table look-up each.
extension String {
    /// The first byte that is no space.
    var firstPrinted: UInt8? { utf8.first { $0 != 0x20 } }

    /// True for any white space that Unicode knows.
    var beginsWithSpace: Bool {
        guard let first = utf8.first, first < 0x7f || first >= 0xc2 else { return false }
        if first < 0x7f { return first == 0x20 || (0x09...0x0d).contains(first) }
        return unicodeScalars.first?.properties.isWhitespace == true
    }

    var hasSpaceBehindFirstGlyph: Bool {
        guard let first = utf8.first, first > 0x20 else { return false }
        if first < 0x80 { return utf8.dropFirst().first == 0x20 }
        return utf8.prefix(12).contains(0x20)
    }

    func begins(with prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { prefix in unsafe utf8.starts(with: prefix) }
    }

    /// As `begins`, behind spaces.
    func printedBegins(with prefix: StaticString) -> Bool {
        prefix.withUTF8Buffer { prefix in unsafe utf8.drop { $0 == 0x20 }.starts(with: prefix) }
    }

    /// As `contains`, by bytes.
    func holds(_ part: StaticString) -> Bool {
        unsafe withBytes { bytes in
            part.withUTF8Buffer { part in
                let last = bytes.count - part.count
                guard part.count > 0, last >= 0 else { return false }
                let first = unsafe part[0]
                for start in 0...last where unsafe bytes[start] == first {
                    var length = 1
                    while unsafe length < part.count && bytes[start + length] == part[length] { length += 1 }
                    if length == part.count { return true }
                }
                return false
            }
        }
    }

    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        return unsafe withBytes { left in
            unsafe other.withBytes { right in
                for index in left.indices where unsafe left[index] != right[index] { return false }
                return true
            }
        }
    }

    /// Equal for equal bytes, the same in every run of the program.
    var byteHash: UInt64 {
        unsafe withBytes { bytes in
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            var index = 0
            while index + 8 <= bytes.count {
                let word = unsafe UnsafeRawBufferPointer(bytes).loadUnaligned(
                    fromByteOffset: index, as: UInt64.self)
                hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
                hash ^= hash >> 29
                index += 8
            }
            while index < bytes.count {
                hash = (hash ^ UInt64(unsafe bytes[index])) &* 0x100_0000_01b3
                index += 1
            }
            return hash
        }
    }

    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = unsafe utf8.withContiguousStorageIfAvailable(body) { return result }
        var copy = self
        return copy.withUTF8(body)
    }
}
