/// Quoting for the one place where a text goes through a shell: an agent's own command line.
public enum ShellText {
    /// Where in a shell line a text is put.
    public enum Place: Sendable {
        case bare, singleQuotes, doubleQuotes

        func after(_ character: Character) -> Place {
            switch (self, character) {
            case (.bare, "'"): .singleQuotes
            case (.bare, "\""): .doubleQuotes
            case (.singleQuotes, "'"), (.doubleQuotes, "\""): .bare
            default: self
            }
        }
    }

    /// The text as one word of a POSIX shell line, or as a part of the quotes that it stands in.
    public static func quoted(_ text: String, in place: Place = .bare) -> String {
        switch place {
        case .bare:
            let isSafe = !text.isEmpty && text.utf8.allSatisfy(isSafe)
            return isSafe ? text : "'" + text.replacing("'", with: "'\\''") + "'"
        case .singleQuotes: return text.replacing("'", with: "'\\''")
        case .doubleQuotes:
            return String(text.flatMap { "\\\"$`".contains($0) ? ["\\", $0] : [$0] })
        }
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_./:@%+,-".utf8.contains(byte)
        }
    }
}
