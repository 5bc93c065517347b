/// What one of libyaml's faults usually comes from: the mistake, its place, and what to write instead.
struct YAMLAdvice {
    let message: String
    let suggestion: String
    /// Line and column count from 0, as libyaml has them.
    let place: (line: Int, column: Int)

    private init(_ message: String, _ suggestion: String, at place: (line: Int, column: Int)) {
        self.message = message
        self.suggestion = suggestion
        self.place = place
    }

    /// `problem` and `context` are the sentences of libyaml 0.2.5.
    static func advice(_ problem: String, _ context: String?, on fault: YAMLFault, in rows: YAMLRows) -> Self
    {
        let place = (line: fault.line, column: fault.column)
        let begin = (line: fault.contextLine ?? fault.line, column: fault.contextColumn ?? fault.column)
        let character = rows.character(at: place)
        switch problem {
        case "found character that cannot start any token" where character == "\t",
            "found a tab character where an indentation space is expected",
            "found a tab character that violates indentation":
            return Self("a tab cannot indent YAML", "Indent with spaces", at: place)
        case "found character that cannot start any token":
            let shown = character.map { String($0) } ?? "this"
            return Self(
                "a value without quotes cannot begin with '\(shown)'", "Put the value in quotes", at: place)
        case "mapping values are not allowed in this context": return colon(at: place, in: rows)
        case "could not find expected ':'":
            return missingSpace(in: begin.line, of: rows)
                ?? Self(
                    "this line has no ':'",
                    "Write 'key: value', or put text of several lines in quotes or behind '|'", at: begin)
        case "did not find expected key", "did not find expected '-' indicator":
            return key(at: place, in: rows)
        case "block sequence entries are not allowed in this context":
            return Self("a list cannot begin here", "Begin the list on the next line, indented", at: place)
        case "did not find expected <document start>":
            return Self(
                "the value above has ended, and this belongs to nothing",
                "Check the brackets and quotes above, and that keys of one group are indented alike",
                at: place)
        default:
            return scalar(problem, context, place, begin) ?? collection(problem, place, begin)
                ?? Self(
                    context.map { "\(problem) \($0)" } ?? problem,
                    "Check the quotes, the brackets and the indentation here and in the line above", at: place
                )
        }
    }

    /// Faults inside of one value.
    private static func scalar(
        _ problem: String, _ context: String?, _ place: (line: Int, column: Int),
        _ begin: (line: Int, column: Int)
    ) -> Self? {
        switch (problem, context ?? "") {
        case ("found unexpected end of stream", _), ("found unexpected document indicator", _):
            return Self("the quote opened here is never closed", "Close it", at: begin)
        case ("found unknown escape character", _), ("did not find expected hexdecimal number", _),
            ("found invalid Unicode character escape code", _):
            return Self(
                "a backslash escape that YAML does not know",
                "Use single quotes, in which a backslash is only a backslash: '\\d+'", at: place)
        case ("control characters are not allowed", _):
            return Self(
                "a control character stands here",
                "Remove it, or write it as an escape in double quotes", at: place)
        case (_, "while scanning a directive"):
            return Self(
                "a line that begins with '%' is a YAML directive",
                "Put text that begins with '%' in quotes", at: place)
        case (_, "while scanning an anchor"), (_, "while scanning an alias"):
            return Self(
                "'&' and '*' begin the name of an anchor", "Put text that begins with '&' or '*' in quotes",
                at: begin)
        case (_, "while scanning a tag"), (_, "while parsing a tag"), ("found undefined tag handle", _):
            return Self("'!' begins a tag", "Put text that begins with '!' in quotes", at: begin)
        case (_, "while scanning a block scalar"):
            return Self(
                "nothing but a comment can stand behind '|' and '>'",
                "Begin the text on the next line, indented", at: place)
        default: return nil
        }
    }

    /// Faults of lists and groups in brackets.
    private static func collection(
        _ problem: String, _ place: (line: Int, column: Int), _ begin: (line: Int, column: Int)
    ) -> Self? {
        switch problem {
        case "did not find expected ',' or ']'":
            Self(
                "the list opened with '[' here is not closed, or a ',' is missing",
                "Separate values with ',' and close with ']'", at: begin)
        case "did not find expected ',' or '}'":
            Self(
                "the group opened with '{' here is not closed, or a ',' is missing",
                "Separate keys with ',' and close with '}'; text that begins with '{' needs quotes",
                at: begin)
        case "did not find expected node content":
            Self(
                "a value is missing here", "Write it, or remove the sign that stands in its place", at: place)
        default: nil
        }
    }

    /// A ':' where no key can stand.
    private static func colon(at place: (line: Int, column: Int), in rows: YAMLRows) -> Self {
        if rows.hasKey(before: place) {
            return Self("a ':' cannot stand here", "Put text that contains ': ' in quotes", at: place)
        }
        return rows.lineWithText(above: place.line).flatMap { missingSpace(in: $0, of: rows) }
            ?? Self(
                "a ':' cannot stand here",
                "Indent the line like its neighbours: the one above has its value already", at: place)
    }

    /// `key:value`, which is a text and no key.
    private static func missingSpace(in line: Int, of rows: YAMLRows) -> Self? {
        guard let (column, key, value) = rows.keyWithoutSpace(in: line) else { return nil }
        let written = ConfigurationProblem.visible("\(key): \(value)")
        return Self("no space stands behind this ':'", "Write '\(written)'", at: (line, column))
    }

    /// Something that is no key where one has to stand.
    private static func key(at place: (line: Int, column: Int), in rows: YAMLRows) -> Self {
        if rows.indentation(of: place.line) < place.column {
            return Self(
                "this follows a value that has ended",
                "Check the quotes here and above; inside single quotes write '' for one", at: place)
        }
        return Self(
            "the indentation of this line fits no line above it",
            "Indent keys of one group, and items of one list, by the same number of spaces", at: place)
    }
}
