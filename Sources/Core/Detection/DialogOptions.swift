/// Finds the options of a dialog in the rows of a screen.
enum DialogOptions {
    /// The list around the last mark of a cursor, or the choices of the cursor's row.
    static func read(_ view: ScreenView) -> [DetectedDialog.Option] {
        let rows = view.rows.map(unboxed)
        guard let selected = rows.lastIndex(where: { Line($0)?.isMarked == true }) else {
            return inline(view)
        }
        return list(rows, around: selected)
    }

    /// A row without the box that a program drew around it; what is left stands where it stood.
    static func unboxed(_ row: String) -> String {
        guard row.contains(where: { borders.contains($0) }) else { return row }
        return String(row.map { borders.contains($0) ? " " : $0 })
    }

    private static let borders: Set<Character> = ["│", "┃", "║"]

    /// One row of a list: where its text begins, and what stands before it.
    private struct Line {
        /// Characters before the label, or before its number.
        var column: Int
        var number: Int?
        var label: String
        var isMarked: Bool

        /// Nil for a blank row and a line of a box.
        init?(_ row: String) {
            var rest = row[...]
            isMarked = false
            column = 0
            func skipSpaces(_ rest: inout Substring, _ column: inout Int) {
                while rest.first?.isWhitespace == true {
                    rest = rest.dropFirst()
                    column += 1
                }
            }
            skipSpaces(&rest, &column)
            guard let first = rest.first, !row.isRule else { return nil }
            let behind = rest.dropFirst()
            let isNumberNext = behind.first == " " && Self.number(behind.trimmed) != nil
            // The other glyphs are also bullets and prompts: they mark an option only before a number.
            if "❯›".contains(first) ? !behind.trimmed.isEmpty : "●○>▸►→*".contains(first) && isNumberNext {
                isMarked = first != "○"
                rest = behind
                column += 1
                skipSpaces(&rest, &column)
            }
            if let (value, text) = Self.number(rest) {
                number = value
                rest = text
            }
            label = String(rest.trimmed)
        }

        /// `12. text` or `12) text`.
        private static func number(_ text: Substring) -> (Int, Substring)? {
            let digits = text.prefix { $0.isASCII && $0.isNumber }
            guard let value = Int(digits), digits.count <= 2 else { return nil }
            let rest = text.dropFirst(digits.count)
            guard rest.first == "." || rest.first == ")", rest.dropFirst().first.map(\.isWhitespace) ?? true
            else { return nil }
            return (value, rest.dropFirst())
        }
    }

    /// Rows whose text begins in the selected row's column are options; deeper ones go on with the option above.
    private static func list(_ rows: [String], around selected: Int) -> [DetectedDialog.Option] {
        guard let chosen = Line(rows[selected]) else { return [] }
        func isPart(_ line: Line) -> Bool {
            line.column >= chosen.column && !(line.isMarked && line.column > chosen.column)
        }
        func isOption(_ line: Line) -> Bool {
            line.column == chosen.column && (line.number != nil) == (chosen.number != nil)
        }
        var first = selected
        while first > 0, let line = Line(rows[first - 1]), isPart(line), chosen.number != 1 { first -= 1 }
        // What stands above the first option belongs to the question.
        while first < selected, Line(rows[first]).map(isOption) != true { first += 1 }
        if chosen.number != nil, let one = (first...selected).last(where: { Line(rows[$0])?.number == 1 }) {
            first = one
        }
        var options: [DetectedDialog.Option] = []
        for row in first..<rows.count {
            guard let line = Line(rows[row]), isPart(line) else { break }
            if isOption(line) {
                options.append(
                    .init(
                        label: line.label, firstRow: line.label, number: line.number, key: nil,
                        isSelected: row == selected, row: row))
            } else if !options.isEmpty {
                options[options.count - 1].label += " " + line.label
            }
        }
        return options
    }

    /// `(Y)es/(N)o/(D)on't ask again [Yes]:` in the cursor's row.
    private static func inline(_ view: ScreenView) -> [DetectedDialog.Option] {
        let range = view.rows(of: .cursorRow)
        guard let row = range.first else { return [] }
        let text = view.rows[row]
        guard let open = text.firstIndex(of: "(") else { return [] }
        let end = text.lastIndex(of: "[") ?? text.lastIndex(of: ":") ?? text.endIndex
        guard open < end else { return [] }
        let standard = text[end...].dropFirst().prefix { $0 != "]" }
        return text[open..<end].split(separator: "/").compactMap { part in
            let piece = part.trimmed
            guard piece.count > 3, piece.first == "(", piece.dropFirst(2).first == ")",
                let letter = piece.dropFirst().first, letter.isLetter
            else { return nil }
            let label = String(letter) + piece.dropFirst(3)
            return .init(
                label: label, firstRow: label, number: nil, key: letter.lowercased(),
                isSelected: label == standard, row: row)
        }
    }
}
