/// The little of mustache that templates use: `{{name}}`, with spaces inside the braces if one likes.
enum TemplateText {
    enum Piece: Equatable {
        case text(String)
        /// Line and column count from 1 within the body.
        case placeholder(name: String, written: String, line: Int, column: Int)
    }

    static func pieces(of body: String) -> [Piece] {
        var pieces: [Piece] = []
        var text = String.UnicodeScalarView()
        let scalars = Array(body.unicodeScalars)
        var index = 0
        var line = 1
        var column = 1
        while index < scalars.count {
            if let (name, length) = placeholder(scalars[index...]) {
                if !text.isEmpty { pieces.append(.text(String(text))) }
                text = String.UnicodeScalarView()
                var written = String.UnicodeScalarView()
                written.append(contentsOf: scalars[index..<index + length])
                pieces.append(
                    .placeholder(name: name, written: String(written), line: line, column: column))
                index += length
                column += length
                continue
            }
            text.append(scalars[index])
            column = scalars[index] == "\n" ? 1 : column + 1
            line += scalars[index] == "\n" ? 1 : 0
            index += 1
        }
        if !text.isEmpty { pieces.append(.text(String(text))) }
        return pieces
    }

    /// The name and the length of a placeholder that begins here.
    private static func placeholder(_ scalars: ArraySlice<Unicode.Scalar>) -> (name: String, length: Int)? {
        guard scalars.starts(with: ["{", "{"]) else { return nil }
        var rest = scalars.dropFirst(2).drop { $0 == " " }
        var name = String.UnicodeScalarView()
        while let scalar = rest.first, scalar.isASCII, scalar == "_" || scalar.properties.isAlphabetic {
            name.append(scalar)
            rest = rest.dropFirst()
        }
        rest = rest.drop { $0 == " " }
        guard !name.isEmpty, rest.starts(with: ["}", "}"]) else { return nil }
        return (String(name), rest.startIndex + 2 - scalars.startIndex)
    }
}
