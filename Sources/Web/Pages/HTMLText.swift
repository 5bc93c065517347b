internal import Core
internal import Mustache

/// Makes text harmless inside HTML, in elements and in quoted attributes.
enum HTMLText {
    /// By bytes: a mark that joins a quote or a bracket to one character would hide it from a comparison of characters.
    static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: isSpecial) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 32)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "<"): bytes += "&lt;".utf8
            case UInt8(ascii: ">"): bytes += "&gt;".utf8
            case UInt8(ascii: "&"): bytes += "&amp;".utf8
            case UInt8(ascii: "\""): bytes += "&quot;".utf8
            case UInt8(ascii: "'"): bytes += "&#39;".utf8
            case 0: bytes += "\u{2400}".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case 0, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""),
            UInt8(ascii: "'"):
            true
        default: false
        }
    }

    /// The picture of a character that would move, hide or turn text around; nil for all others.
    static func picture(of scalar: Unicode.Scalar) -> Unicode.Scalar? {
        guard scalar.isDeceptive else { return nil }
        return switch scalar.value {
        case 0..<0x20: Unicode.Scalar(0x2400 + scalar.value)
        case 0x7f: "\u{2421}"
        default: "\u{fffd}"
        }
    }
}

/// Escapes by ``HTMLText``: Mustache's own way compares characters, and `"` with a mark behind it is another character.
struct PageContent: MustacheContentType {
    static let name = "PAGE"

    func escapeText(_ text: String) -> String { HTMLText.escaped(text) }
}

extension HTMLText {
    /// As much of a text as an element's id can hold; other characters become `-`.
    static func identifier(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) || "-_".contains($0) ? $0 : "-" })
    }
}
