/// Where each key and value of a TOML text stands, for TOMLKit tells positions only for syntax errors.
///
/// The scanner follows the grammar just far enough to find keys and the ends of values; whether the text is valid is
/// TOMLKit's business. It stops at the first thing it does not understand.
final class TOMLIndex {
    /// What is known about one key or list element.
    final class Node {
        var keyPosition: SourcePosition?
        var valuePosition: SourcePosition?
        /// A scalar as written, without the quotes; empty for collections.
        var text = ""
        var isQuoted = false
        var children: [String: Node] = [:]
        var elements: [Node] = []
        var isArrayOfTables = false
        /// Where `[name]` or `name =` stood: a second one is a mistake.
        var definition: SourcePosition?
    }

    struct Duplicate {
        let key: String
        let first: SourcePosition
        let second: SourcePosition
    }

    let root = Node()
    private(set) var duplicates: [Duplicate] = []
    /// Problems that TOMLKit would not report, or would not survive.
    private(set) var refusals: [ConfigurationProblem] = []
    /// Whether the scanner understood the whole text.
    private(set) var isComplete = false
    private let bytes: [UInt8]
    private let file: String
    private let limits: DocumentLimits
    private var offset = 0
    private var line = 1
    private var column = 1
    private var nodes = 0

    init(_ bytes: [UInt8], file: String, limits: DocumentLimits) {
        self.bytes = bytes
        self.file = file
        self.limits = limits
        root.valuePosition = here
        isComplete = scan()
    }

    private var here: SourcePosition { SourcePosition(file: file, line: line, column: column) }
    private var byte: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func isNext(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { unsafe bytes[offset...].starts(with: $0) }
    }

    private func advance(_ count: Int = 1) {
        for _ in 0..<count where offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[offset] & 0b1100_0000 != 0b1000_0000 {
                column += 1
            }
            offset += 1
        }
    }

    private func skipBlanks(newlines: Bool) {
        while let next = byte {
            switch next {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): advance()
            case UInt8(ascii: "\n") where newlines: advance()
            case UInt8(ascii: "#"): while let next = byte, next != UInt8(ascii: "\n") { _ = next; advance() }
            default: return
            }
        }
    }
}

// MARK: - Statements

extension TOMLIndex {
    private typealias Key = (name: String, position: SourcePosition)

    private func scan() -> Bool {
        var table = root
        while true {
            skipBlanks(newlines: true)
            guard byte != nil else { return true }
            if isNext("[") {
                guard let next = header() else { return false }
                table = next
            } else {
                guard pair(in: table, depth: 1) else { return false }
            }
            skipBlanks(newlines: false)
            guard byte == nil || isNext("\n") else { return false }
        }
    }

    private func header() -> Node? {
        let start = here
        let isArray = isNext("[[")
        advance(isArray ? 2 : 1)
        guard let keys = dottedKey(), let last = keys.last, isArray ? isNext("]]") : isNext("]") else {
            return nil
        }
        advance(isArray ? 2 : 1)
        guard var node = descend(root, keys.dropLast(), at: start),
            let child = descend(node, [last], at: start, intoLastElement: false)
        else { return nil }
        node = child
        if isArray {
            node.isArrayOfTables = true
            node.valuePosition = node.valuePosition ?? start
            let element = Node()
            element.valuePosition = start
            node.elements.append(element)
            return element
        }
        define(node, last)
        return node
    }

    private func pair(in table: Node, depth: Int) -> Bool {
        guard let keys = dottedKey(), let last = keys.last else { return false }
        guard isNext("=") else { return false }
        advance()
        skipBlanks(newlines: false)
        guard let node = descend(table, keys[...], at: here, intoLastElement: false) else { return false }
        define(node, last)
        node.valuePosition = here
        return value(node, depth: depth + keys.count)
    }

    private func define(_ node: Node, _ key: Key) {
        if let first = node.definition {
            duplicates.append(Duplicate(key: key.name, first: first, second: key.position))
        }
        node.definition = node.definition ?? key.position
    }

    /// The node that `keys` lead to, made where it is missing.
    private func descend(
        _ start: Node, _ keys: ArraySlice<(name: String, position: SourcePosition)>,
        at position: SourcePosition,
        intoLastElement: Bool = true
    ) -> Node? {
        var node = start
        guard keys.count <= limits.depth else {
            refuse("the name has more than \(limits.depth) parts", "Write it flatter", at: position)
            return nil
        }
        for key in keys {
            guard spend() else { return nil }
            let child = node.children[key.name] ?? Node()
            child.keyPosition = child.keyPosition ?? key.position
            child.valuePosition = child.valuePosition ?? position
            node.children[key.name] = child
            node = intoLastElement && child.isArrayOfTables ? child.elements.last ?? child : child
        }
        return node
    }

    private func spend() -> Bool {
        nodes += 1
        guard nodes > limits.nodes else { return true }
        refuse("the document has more than \(limits.nodes) values", "Split the file", at: here)
        return false
    }

    private func refuse(_ message: String, _ suggestion: String, at position: SourcePosition) {
        refusals.append(ConfigurationProblem(at: position, message, suggestion: suggestion))
    }

    private func dottedKey() -> [(name: String, position: SourcePosition)]? {
        var keys: [Key] = []
        while true {
            skipBlanks(newlines: false)
            let position = here
            guard let name = simpleKey() else { return nil }
            keys.append((name, position))
            skipBlanks(newlines: false)
            guard isNext(".") else { return keys }
            advance()
        }
    }

    private func simpleKey() -> String? {
        if isNext("\"") { return quoted(UInt8(ascii: "\""), fences: 1) }
        if isNext("'") { return quoted(UInt8(ascii: "'"), fences: 1) }
        let start = offset
        while let next = byte, !" \t\r\n.=[]{},#\"'".utf8.contains(next) { advance() }
        return start == offset ? nil : String(decoding: bytes[start..<offset], as: UTF8.self)
    }
}

// MARK: - Values

extension TOMLIndex {
    private func value(_ node: Node, depth: Int) -> Bool {
        guard depth <= limits.depth else {
            refuse("values are nested deeper than \(limits.depth)", "Write it flatter", at: here)
            return false
        }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            guard let quote = byte else { return false }
            let fence: StaticString = quote == UInt8(ascii: "\"") ? "\"\"\"" : "'''"
            guard let text = quoted(quote, fences: isNext(fence) ? 3 : 1) else { return false }
            node.text = text
            node.isQuoted = true
            return true
        case UInt8(ascii: "["): return list(node, depth: depth)
        case UInt8(ascii: "{"): return inlineTable(node, depth: depth)
        default:
            let start = offset
            while let next = byte, !",]}#\n\r".utf8.contains(next) { advance() }
            var end = offset
            while end > start, bytes[end - 1] == UInt8(ascii: " ") || bytes[end - 1] == UInt8(ascii: "\t") {
                end -= 1
            }
            node.text = String(decoding: bytes[start..<end], as: UTF8.self)
            return end > start
        }
    }

    private func list(_ node: Node, depth: Int) -> Bool {
        advance()
        while true {
            skipBlanks(newlines: true)
            if isNext("]") {
                advance()
                return true
            }
            guard spend() else { return false }
            let element = Node()
            element.valuePosition = here
            node.elements.append(element)
            guard value(element, depth: depth + 1) else { return false }
            skipBlanks(newlines: true)
            if isNext(",") { advance() } else if !isNext("]") { return false }
        }
    }

    private func inlineTable(_ node: Node, depth: Int) -> Bool {
        advance()
        while true {
            skipBlanks(newlines: true)
            if isNext("}") {
                advance()
                return true
            }
            guard pair(in: node, depth: depth) else { return false }
            skipBlanks(newlines: true)
            if isNext(",") { advance() } else if !isNext("}") { return false }
        }
    }

    /// The text between one or three quotes, escapes decoded; nil when it does not end.
    private func quoted(_ quote: UInt8, fences: Int) -> String? {
        advance(fences)
        if fences == 3 {
            if isNext("\r\n") { advance(2) } else if isNext("\n") { advance() }
        }
        var text: [UInt8] = []
        while let next = byte {
            if next == quote {
                var run = 0
                while offset + run < bytes.count, bytes[offset + run] == quote, run < fences + 2 { run += 1 }
                if fences == 1 || run >= 3 {
                    let kept = fences == 1 ? 0 : run - 3
                    text += repeatElement(quote, count: kept)
                    advance(fences == 1 ? 1 : run)
                    return String(decoding: text, as: UTF8.self)
                }
                text.append(next)
                advance()
            } else if next == UInt8(ascii: "\n"), fences == 1 {
                return nil
            } else if next == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                text += escape()
            } else {
                text.append(next)
                advance()
            }
        }
        return nil
    }

    private func escape() -> [UInt8] {
        let start = here
        advance()
        guard let letter = byte else { return [] }
        advance()
        switch letter {
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let count = letter == UInt8(ascii: "u") ? 4 : 8
            let digits = String(decoding: bytes[offset..<min(offset + count, bytes.count)], as: UTF8.self)
            guard let number = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(number) else {
                return []
            }
            if number == 0 { refuse("this text contains a NUL character", "Remove '\\u0000'", at: start) }
            advance(count)
            return Array(String(scalar).utf8)
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            while let next = byte, " \t\r\n".utf8.contains(next) { advance() }
            return []
        default: return [letter]
        }
    }
}
