internal import TOMLKit

/// Reads a TOML document into the same tree as YAML: syntax and values are TOMLKit's, positions are our own index's.
///
/// Dates and times become text as they were written.
public enum TOMLReader {
    public static func read(
        _ text: String, file: String, limits: DocumentLimits = .standard
    ) throws(ConfigurationError) -> DocumentNode {
        try read(bytes: text.utf8, file: file, limits: limits)
    }

    public static func read(
        bytes: some Collection<UInt8>, file: String, limits: DocumentLimits = .standard
    ) throws(ConfigurationError) -> DocumentNode {
        let text = try DocumentText.checked(bytes, file: file, limits: limits)
        // The index comes first: it refuses nesting on which the parser below would use up its stack.
        let index = TOMLIndex(Array(text.utf8), file: file, limits: limits)
        guard index.refusals.isEmpty else { throw .invalid(file: file, problems: index.refusals) }
        switch parse(text) {
        case .success(let table):
            return tree(table, index.root, at: SourcePosition(file: file, line: 1, column: 1))
        case .failure(let error):
            let problems = ProblemList()
            report(error, in: text, file: file, limits: limits, to: problems)
            throw .invalid(file: file, problems: problems.sorted)
        }
    }

    private static func parse(_ text: String) -> Result<TOMLTable, TOMLParseError> {
        do {
            return .success(try TOMLTable(string: text))
        } catch let error as TOMLParseError {
            return .failure(error)
        } catch {
            preconditionFailure("TOMLKit threw \(error)")
        }
    }

    /// Reports the error, then leaves out its line and reads on, as long as further errors lie behind it.
    private static func report(
        _ first: TOMLParseError, in text: String, file: String, limits: DocumentLimits,
        to problems: ProblemList
    ) {
        var lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(
            Array.init)
        var error = first
        for _ in 0..<20 {
            let bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
            let index = TOMLIndex(bytes, file: file, limits: limits)
            problems.add(TOMLSyntax.problem(error, lines: lines, duplicates: index.duplicates, file: file))
            let line = error.source.begin.line
            guard lines.indices.contains(line - 1), TOMLSyntax.standsAlone(lines[line - 1]) else { return }
            lines[line - 1] = []
            let rest = String(
                decoding: Array(lines.joined(separator: [UInt8(ascii: "\n")])), as: UTF8.self)
            guard case .failure(let next) = parse(rest), next.source.begin.line > line else { return }
            error = next
        }
    }

    private static func tree(_ table: TOMLTable, _ index: TOMLIndex.Node?, at position: SourcePosition)
        -> DocumentNode
    {
        let entries = table.keys.compactMap { key -> DocumentEntry? in
            guard let value = table[key] else { return nil }
            let child = index?.children[key]
            let place = child?.keyPosition ?? position
            return DocumentEntry(
                key: key, keyPosition: place, value: node(value, child, at: child?.valuePosition ?? place))
        }
        return DocumentNode(.mapping(entries.sorted { $0.keyPosition < $1.keyPosition }), at: position)
    }

    private static func node(
        _ value: any TOMLValueConvertible, _ index: TOMLIndex.Node?, at position: SourcePosition
    ) -> DocumentNode {
        let written = index?.text ?? value.debugDescription
        switch value.type {
        case .table: return tree(value.table ?? TOMLTable(), index, at: position)
        case .array:
            let array = value.array ?? TOMLArray()
            let elements = (0..<array.count).map { number in
                let element = index?.elements.indices.contains(number) == true ? index?.elements[number] : nil
                return node(array[number], element, at: element?.valuePosition ?? position)
            }
            return DocumentNode(.array(elements), at: position)
        case .string:
            let text = value.string ?? ""
            return DocumentNode(.string(text), at: position, style: .quoted, text: text)
        case .int: return DocumentNode(.integer(Int64(value.int ?? 0)), at: position, text: written)
        case .double: return DocumentNode(.number(value.double ?? 0), at: position, text: written)
        case .bool: return DocumentNode(.bool(value.bool ?? false), at: position, text: written)
        case .date, .time, .dateTime: return DocumentNode(.string(written), at: position, text: written)
        }
    }
}
