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
        switch attempt(Array(text.utf8), file: file, limits: limits) {
        case .read(let table, let index):
            return tree(table, index.root, at: SourcePosition(file: file, line: 1, column: 1))
        case .refused(let problems): throw .invalid(file: file, problems: problems)
        case .failed(let error, let index):
            let problems = ProblemList()
            report(error, index, in: Array(text.utf8), file: file, limits: limits, to: problems)
            throw .invalid(file: file, problems: problems.sorted)
        }
    }

    private enum Attempt {
        case read(TOMLTable, TOMLIndex)
        case refused([ConfigurationProblem])
        case failed(TOMLParseError, TOMLIndex)
    }

    private static func attempt(_ bytes: [UInt8], file: String, limits: DocumentLimits) -> Attempt {
        // The index comes first: it refuses what the parser behind TOMLKit would not survive.
        let index = TOMLIndex(bytes, file: file, limits: limits)
        guard index.refusals.isEmpty else { return .refused(index.refusals) }
        do {
            return .read(try TOMLTable(string: String(decoding: bytes, as: UTF8.self)), index)
        } catch let error as TOMLParseError {
            return .failed(error, index)
        } catch {
            preconditionFailure("TOMLKit threw \(error)")
        }
    }

    /// Reports the error, then leaves out its line and reads on, as long as further errors lie behind it.
    private static func report(
        _ first: TOMLParseError, _ firstIndex: TOMLIndex, in bytes: [UInt8], file: String,
        limits: DocumentLimits,
        to problems: ProblemList
    ) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(
            Array.init)
        var (error, index) = (first, firstIndex)
        for _ in 0..<20 {
            problems.add(TOMLSyntax.problem(error, lines: lines, duplicates: index.duplicates, file: file))
            let line = error.source.begin.line
            guard lines.indices.contains(line - 1),
                let mended = TOMLSyntax.mended(lines[line - 1], number: line)
            else { return }
            lines[line - 1] = mended
            let rest = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
            switch attempt(rest, file: file, limits: limits) {
            case .read: return
            case .refused(let refusals):
                for refusal in refusals where refusal.position.line > line { problems.add(refusal) }
                return
            case .failed(let next, let nextIndex):
                guard next.source.begin.line > line else { return }
                (error, index) = (next, nextIndex)
            }
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
