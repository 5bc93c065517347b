/// The lines of a YAML text; places count lines and characters from 0, as libyaml does.
struct YAMLRows {
    private let lines: [[Unicode.Scalar]]

    init(_ bytes: [UInt8]) {
        lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            Array(String(decoding: $0, as: UTF8.self).unicodeScalars)
        }
    }

    /// Nil past the end.
    func character(at place: (line: Int, column: Int)) -> Unicode.Scalar? {
        let line = row(place.line)
        return line.indices.contains(place.column) ? line[place.column] : nil
    }

    func indentation(of line: Int) -> Int { row(line).prefix { $0 == " " }.count }

    /// The nearest line above that holds more than blanks and comments.
    func lineWithText(above line: Int) -> Int? {
        lines[..<min(max(line, 0), lines.count)].lastIndex { row in
            row.first { $0 != " " && $0 != "\t" && $0 != "\r" }.map { $0 != "#" } ?? false
        }
    }

    /// Whether a key with its ':' stands further left in the same line.
    func hasKey(before place: (line: Int, column: Int)) -> Bool {
        let line = row(place.line).prefix(place.column)
        return zip(line, line.dropFirst()).contains { $0 == ":" && $1 == " " }
    }

    /// The first word of a line that ends in a ':' with text right behind it: the column of the ':', and both parts.
    func keyWithoutSpace(in line: Int) -> (column: Int, key: String, value: String)? {
        let line = row(line)
        let start = line.firstIndex { $0 != " " && $0 != "-" } ?? line.endIndex
        guard
            let colon = line[start...].firstIndex(where: {
                !($0 == "_" || $0 == "-" || $0.properties.isAlphabetic || ("0"..."9").contains($0))
            }), line[colon] == ":", colon > start
        else { return nil }
        let value = line[(colon + 1)...]
        // What follows '//' is an address, and no key's value.
        guard let first = value.first, !" \t\r:/".unicodeScalars.contains(first) else { return nil }
        return (colon, text(line[start..<colon]), text(value))
    }

    private func row(_ line: Int) -> [Unicode.Scalar] { lines.indices.contains(line) ? lines[line] : [] }

    private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }
}
