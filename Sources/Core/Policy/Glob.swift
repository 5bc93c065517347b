/// A shell-like pattern: `*`, `?`, `[abc]`, `[!a-z]`, and `\` before a literal character.
public struct Glob: Sendable, Hashable {
    private enum Part: Hashable {
        case literal(Unicode.Scalar)
        case one
        /// `crossing` goes over `/`.
        case run(crossing: Bool)
        /// `**/`: any number of whole folders, also none.
        case folders
        case oneOf([ClosedRange<Unicode.Scalar>], negated: Bool)
    }

    private let parts: [Part]
    private let separates: Bool

    /// For branch names and other plain names: `*` crosses `/`.
    public static func branch(_ pattern: String) -> Glob { Glob(pattern, separates: false) }

    /// For paths: `*` stays within a folder, `**` crosses folders, a pattern without `/` is tried on the last
    /// component too, and one that ends in `/` means everything beneath.
    public static func pathMatches(_ pattern: String, _ path: String) -> Bool {
        let pattern = pattern.hasSuffix("/") ? pattern + "**" : pattern
        if Glob(pattern, separates: true).matches(path) { return true }
        guard !pattern.contains("/"), let last = path.split(separator: "/").last else { return false }
        return Glob(pattern, separates: true).matches(String(last))
    }

    private init(_ pattern: String, separates: Bool) {
        self.separates = separates
        var parts: [Part] = []
        var rest = Substring(pattern).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*":
                var stars = 1
                while rest.first == "*" {
                    rest.removeFirst()
                    stars += 1
                }
                let beginsFolder = parts.isEmpty || parts.last == .literal("/")
                if stars > 1, separates, beginsFolder, rest.first == "/" {
                    rest.removeFirst()
                    parts.append(.folders)
                } else {
                    parts.append(.run(crossing: stars > 1 || !separates))
                }
            case "?": parts.append(.one)
            case "[":
                let set = Self.set(from: rest)
                if let set {
                    parts.append(set.part)
                    rest = set.rest
                } else {
                    parts.append(.literal("["))
                }
            case "\\": parts.append(.literal(rest.popFirst() ?? "\\"))
            default: parts.append(.literal(scalar))
            }
        }
        self.parts = parts
    }

    private static func set(
        from text: Substring.UnicodeScalarView
    ) -> (part: Part, rest: Substring.UnicodeScalarView)? {
        var rest = text
        let negated = rest.first == "!" || rest.first == "^"
        if negated { rest.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let low = rest.popFirst() {
            if low == "]", !ranges.isEmpty { return (.oneOf(ranges, negated: negated), rest) }
            var high = low
            if rest.first == "-", let end = rest.dropFirst().first, end != "]", end >= low {
                rest.removeFirst(2)
                high = end
            }
            ranges.append(low...high)
        }
        return nil
    }

    /// Whether the whole text fits; takes time in proportion to the product of both lengths at most.
    public func matches(_ text: String) -> Bool {
        let text = Array(text.unicodeScalars)
        var reachable = [Bool](repeating: false, count: text.count + 1)
        reachable[0] = true
        for part in parts {
            var next = [Bool](repeating: false, count: text.count + 1)
            switch part {
            case .run(let crossing):
                var open = false
                for index in 0...text.count {
                    if index > 0, !crossing, text[index - 1] == "/" { open = false }
                    if reachable[index] { open = true }
                    next[index] = open
                }
            case .folders:
                var open = false
                for index in 0...text.count {
                    next[index] = reachable[index] || (open && text[index - 1] == "/")
                    open = open || reachable[index]
                }
            case .literal, .one, .oneOf:
                for index in 0..<text.count where reachable[index] && fits(part, text[index]) {
                    next[index + 1] = true
                }
            }
            reachable = next
        }
        return reachable[text.count]
    }

    private func fits(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
        switch part {
        case .literal(let literal): literal == scalar
        case .one: !(separates && scalar == "/")
        case .oneOf(let ranges, let negated):
            !(separates && scalar == "/") && ranges.contains { $0.contains(scalar) } != negated
        case .run, .folders: false
        }
    }
}
