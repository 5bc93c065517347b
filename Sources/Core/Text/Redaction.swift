/// Keeps secrets out of texts that people, logs and files get to see.
public struct Redaction: Sendable, Equatable {
    public static let mark = "[redacted]"
    /// Shorter values stand in too many places where they are no secret.
    static let fewestBytes = 6

    /// Longest first, so that no part of one is left.
    private var secrets: [String] = []

    public init(_ secrets: some Sequence<String> = [String]()) {
        for secret in secrets { add(secret) }
    }

    /// Knows `secret` from now on: as it is, as it stands in an address, and as it stands in JSON.
    public mutating func add(_ secret: String) {
        guard secret.utf8.count >= Self.fewestBytes else { return }
        let json = JSONValue.string(secret).serialized().dropFirst().dropLast()
        for form in [secret, PercentEncoding.encode(secret), String(json)] where !secrets.contains(form) {
            secrets.append(form)
        }
        secrets.sort { ($1.utf8.count, $0) < ($0.utf8.count, $1) }
    }

    /// The text with a mark in place of each secret, and of what addresses carry that only their owners may know.
    public func callAsFunction(_ text: String) -> String {
        var text = text
        for secret in secrets where text.contains(secret) {
            text = text.replacing(secret, with: Self.mark)
        }
        return Self.parameters.contains { text.contains($0) } ? Self.withoutParameters(text) : text
    }

    /// Names of values in addresses that are secrets, whoever sent them.
    private static let parameters = [
        "access_token=", "api_key=", "apikey=", "corpsecret=", "/a/", "key=", "token=", "://",
    ]

    private static func withoutParameters(_ text: String) -> String {
        var result = ""
        var rest = Substring(text)
        while let found = next(in: rest) {
            result += rest[..<found.lowerBound]
            result += mark
            rest = rest[found.upperBound...]
        }
        return result + rest
    }

    /// The next value to hide: after one of the names up to the end of the word, or a password before an `@`.
    private static func next(in text: Substring) -> Range<Substring.Index>? {
        var first: Range<Substring.Index>?
        for name in parameters {
            var from = text.startIndex
            while let place = text[from...].firstRange(of: name) {
                from = place.upperBound
                // `monkey=5` is nobody's key.
                if name.first?.isLetter == true, let before = text[..<place.lowerBound].last,
                    before.isLetter || before.isNumber || before == "_"
                {
                    continue
                }
                let end = text[from...].firstIndex { isEnd($0) } ?? text.endIndex
                var value = from..<end
                if name == "://" {
                    let authority = text[from..<end].prefix { !"/?#".contains($0) }
                    guard let at = authority.lastIndex(of: "@"), authority.contains(":") else { continue }
                    value = from..<at
                } else if name == "/a/" {
                    // A link that answers an approval: payload, dot, code.
                    let token = text[from..<end].prefix { $0 != "/" }
                    guard token.utf8.count > 40, token.contains(".") else { continue }
                    value = from..<token.endIndex
                }
                guard !value.isEmpty, !text[from...].hasPrefix(mark) else { continue }
                if first.map({ value.lowerBound < $0.lowerBound }) ?? true { first = value }
                break
            }
        }
        return first
    }

    private static func isEnd(_ character: Character) -> Bool {
        character.isWhitespace || "&\"'<>)],;".contains(character)
    }
}

/// Text in addresses and forms (RFC 3986, section 2).
public enum PercentEncoding {
    /// Everything but letters, digits and `-._~` as `%XX`.
    public static func encode(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}
