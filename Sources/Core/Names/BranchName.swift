/// A branch's short name (`feature/login`), checked by git's own rules.
///
/// The rules are those of git-check-ref-format(1) for branches, and two of the file system: a part between
/// slashes holds at most 250 bytes, because git writes `<part>.lock` beside it.
public struct BranchName: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    public let rawValue: String

    public init(_ text: String) throws(BranchNameError) {
        if let problem = Self.problem(in: text) { throw BranchNameError(name: text, problem: problem) }
        rawValue = text
    }

    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public var description: String { rawValue }
    /// `refs/heads/<name>`.
    public var reference: String { "refs/heads/\(rawValue)" }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// The bytes decide: two names that Unicode holds equal (`é` in one or two characters) are two branches.
    public static func == (left: Self, right: Self) -> Bool {
        left.rawValue.utf8.elementsEqual(right.rawValue.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in rawValue.utf8 { hasher.combine(byte) }
    }

    /// The first rule that `text` breaks; nil when it is a name that git takes.
    public static func problem(in text: String) -> BranchNameError.Problem? {
        if text.isEmpty { return .empty }
        if text.utf8.first == UInt8(ascii: "-") { return .startsWithDash }
        if text == "HEAD" || text == "@" { return .reserved }
        if let scalar = text.unicodeScalars.first(where: isForbidden) { return .forbiddenCharacter(scalar) }
        if contains("..", in: text) { return .twoDots }
        if contains("@{", in: text) { return .atBrace }
        if text.utf8.last == UInt8(ascii: ".") { return .endsWithDot }
        for part in text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            if part.isEmpty { return .emptyPart }
            if part.first == UInt8(ascii: ".") { return .partStartsWithDot }
            if part.suffix(5).elementsEqual(".lock".utf8) { return .partEndsWithLock }
            if part.count > 250 { return .partTooLong(bytes: part.count) }
        }
        // The path of a reference in the repository has to fit into 4,096 bytes.
        if text.utf8.count > 1000 { return .tooLong(bytes: text.utf8.count) }
        return nil
    }

    /// A valid name that is near to `text`; nil when nothing of it can be kept.
    public static func suggestion(for text: String) -> String? {
        var parts: [String] = []
        for part in text.unicodeScalars.split(separator: "/") {
            var kept = ""
            for scalar in part {
                let next: Unicode.Scalar =
                    isForbidden(scalar) || "@{}".unicodeScalars.contains(scalar) ? "-" : scalar
                if next == "-" || next == ".", kept.unicodeScalars.last == next { continue }
                guard kept.utf8.count + String(next).utf8.count <= 200 else { break }
                kept.unicodeScalars.append(next)
            }
            while let last = kept.last, last == "-" || last == "." { kept.removeLast() }
            while let first = kept.first, first == "-" || first == "." { kept.removeFirst() }
            if kept.hasSuffix(".lock") { kept = String(kept.dropLast(5)) + "-lock" }
            if !kept.isEmpty { parts.append(kept) }
        }
        while parts.reduce(0, { $0 + $1.utf8.count + 1 }) > 1000 { parts.removeLast() }
        var name = parts.joined(separator: "/")
        if name == "HEAD" { name = "head" }
        return name != text && problem(in: name) == nil ? name : nil
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || scalar.value == 0x7f || " ~^:?*[\\".unicodeScalars.contains(scalar)
    }

    private static func contains(_ pair: StaticString, in text: String) -> Bool {
        let bytes = Array(text.utf8)
        let wanted = Array(pair.description.utf8)
        return zip(bytes, bytes.dropFirst()).contains { $0 == wanted[0] && $1 == wanted[1] }
    }
}

/// Why a text cannot be the name of a branch, and what to write instead.
public struct BranchNameError: Error, Equatable {
    public enum Problem: Equatable, Sendable {
        case empty
        case startsWithDash
        case reserved
        case forbiddenCharacter(Unicode.Scalar)
        case twoDots
        case atBrace
        case endsWithDot
        case emptyPart
        case partStartsWithDot
        case partEndsWithLock
        case partTooLong(bytes: Int)
        case tooLong(bytes: Int)
    }

    public let name: String
    public let problem: Problem

    public init(name: String, problem: Problem) {
        self.name = name
        self.problem = problem
    }
}

extension BranchNameError: UserFacingError {
    public var code: String { "branch_name_invalid" }
    public var exitStatus: ExitStatus { .usage }

    public var message: String { "'\(shownName)' cannot be a branch name: \(reason)" }

    public var hint: String? {
        if let suggestion = BranchName.suggestion(for: name) { return "Write '\(suggestion)'" }
        return "Write letters, digits, '-', '_', '.' and '/', for example 'feature/login'"
    }

    /// The name with control characters made visible and its middle cut when it is long.
    private var shownName: String {
        var shown = ""
        for scalar in name.unicodeScalars {
            if scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown.count <= 80 ? shown : "\(shown.prefix(40))…\(shown.suffix(20))"
    }

    private var reason: String {
        switch problem {
        case .empty: "it is empty"
        case .startsWithDash: "it starts with '-'"
        case .reserved: "git keeps that word for itself"
        case .forbiddenCharacter(" "): "it contains a space"
        case .forbiddenCharacter(let scalar) where scalar.value < 0x20 || scalar.value == 0x7f:
            "it contains a control character"
        case .forbiddenCharacter(let scalar): "it contains '\(scalar)'"
        case .twoDots: "it contains '..'"
        case .atBrace: "it contains '@{'"
        case .endsWithDot: "it ends with '.'"
        case .emptyPart: "it starts or ends with '/' or contains '//'"
        case .partStartsWithDot: "a part of it starts with '.'"
        case .partEndsWithLock: "a part of it ends with '.lock'"
        case .partTooLong(let bytes): "a part of it is \(bytes) bytes long, and git can store 250"
        case .tooLong(let bytes): "it is \(bytes) bytes long, and 1000 is the most"
        }
    }
}
