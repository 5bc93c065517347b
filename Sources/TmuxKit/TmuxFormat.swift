/// Escapes for the two languages in which tmux reads text: formats and command lists.
public enum TmuxFormat {
    /// Text for an argument that tmux expands as a format, so that it comes out as it is.
    ///
    /// A doubled `#` stands for one, except in front of `[`, where tmux passes the whole run on untouched.
    /// `expandsTime` is for arguments that also go through strftime(3) (`pipe-pane`, `display-message`).
    public static func escape(_ text: String, expandsTime: Bool) -> String {
        let hash = UInt8(ascii: "#")
        let percent = UInt8(ascii: "%")
        var result: [UInt8] = []
        var run = 0
        func flush(before next: UInt8?) {
            result += [UInt8](repeating: hash, count: next == UInt8(ascii: "[") ? run : run * 2)
            run = 0
        }
        for byte in text.utf8 {
            if byte == hash {
                run += 1
                continue
            }
            flush(before: byte)
            result += byte == percent && expandsTime ? [percent, percent] : [byte]
        }
        flush(before: nil)
        return String(decoding: result, as: UTF8.self)
    }

    /// `text` as one word of a tmux command list (control mode, `if-shell`, hooks, `source-file`).
    ///
    /// Everything but control characters stands in single quotes, where tmux reads nothing into it; control
    /// characters stand in double quotes as escapes, because a newline ends a command.
    public static func quote(_ text: String) -> String {
        if !text.isEmpty, text.utf8.allSatisfy(isPlain) { return text }
        var result: [UInt8] = []
        var inside: UInt8 = 0
        func enter(_ quote: UInt8) {
            guard inside != quote else { return }
            if inside != 0 { result.append(inside) }
            result.append(quote)
            inside = quote
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"):
                enter(doubleQuote)
                result += Array("\\n".utf8)
            case 0..<32, 127:
                enter(doubleQuote)
                result.append(UInt8(ascii: "\\"))
                for shift in [6, 3, 0] { result.append(UInt8(ascii: "0") + (byte >> UInt8(shift)) & 7) }
            case singleQuote:
                enter(doubleQuote)
                result.append(byte)
            default:
                enter(singleQuote)
                result.append(byte)
            }
        }
        if inside != 0 { result.append(inside) } else { result = [singleQuote, singleQuote] }
        return String(decoding: result, as: UTF8.self)
    }

    /// `text` as one argument of the tmux binary: a `;` at the end would end the command.
    static func argument(_ text: String) -> String {
        text.utf8.last == UInt8(ascii: ";") ? String(text.dropLast()) + "\\;" : text
    }

    /// A name for options and buffers that keeps different texts apart: ASCII letters, digits and `-` stay, every other
    /// byte becomes `_` and two hexadecimal digits.
    public static func name(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            if isLetterOrDigit(byte) || byte == UInt8(ascii: "-") {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "_" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return result
    }

    /// What `name` was made from; nil when `name` did not make it.
    public static func text(ofName name: String) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(name.utf8)[...]
        while let byte = rest.popFirst() {
            if isLetterOrDigit(byte) || byte == UInt8(ascii: "-") {
                bytes.append(byte)
                continue
            }
            guard byte == UInt8(ascii: "_"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static let singleQuote = UInt8(ascii: "'")
    private static let doubleQuote = UInt8(ascii: "\"")

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || "-_./:@+,".utf8.contains(byte)
    }
}
