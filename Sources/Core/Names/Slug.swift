/// A branch's name as a file name: the worktree's folder, its entry in git and part of the session's name.
///
/// Letters and digits of any script, `_` and `-` stay; every run of anything else is one `-`, and none stands
/// at an end. Two branches may have one slug: the later gets a number (`numbered`), and what a slug stands for
/// is looked up, never computed back.
public struct Slug: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    /// A file name holds 255 bytes; the rest is for prefixes, numbers and suffixes such as `.tap`.
    public static let longest = 200

    public let rawValue: String

    public init(_ branch: BranchName) {
        var text = ""
        for scalar in branch.rawValue.unicodeScalars {
            if Self.isKept(scalar) {
                text.unicodeScalars.append(scalar)
            } else if text.unicodeScalars.last != "-" {
                text.append("-")
            }
        }
        let trimmed = Self.trimmed(text)
        if trimmed.isEmpty {
            rawValue = "branch-\(Self.hash(branch.rawValue))"
        } else if trimmed.utf8.count > Self.longest {
            rawValue = Self.cut(trimmed, to: Self.longest - 17) + "-" + Self.hash(branch.rawValue)
        } else {
            rawValue = trimmed
        }
    }

    /// Nil unless `text` could be a slug: what comes from a file or a database is checked.
    public init?(rawValue text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.longest + 12, text == Self.trimmed(text),
            text.unicodeScalars.allSatisfy({ Self.isKept($0) })
        else { return nil }
        rawValue = text
    }

    private init(unchecked text: String) { rawValue = text }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let slug = Slug(rawValue: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a slug")
        }
        self = slug
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public var description: String { rawValue }
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// This slug for a second, third … branch: `login-2`.
    public func numbered(_ number: Int) -> Slug { Slug(unchecked: "\(rawValue)-\(number)") }

    /// The slug of `branch`, or the first numbered one that is not taken.
    public static func free(for branch: BranchName, isTaken: (Slug) -> Bool) -> Slug {
        free(named: Slug(branch), isTaken: isTaken)
    }

    /// `slug`, or the first numbered one that is not taken.
    public static func free(named slug: Slug, isTaken: (Slug) -> Bool) -> Slug {
        guard isTaken(slug) else { return slug }
        var number = 2
        while isTaken(slug.numbered(number)) { number += 1 }
        return slug.numbered(number)
    }

    private static func isKept(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            return scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_"
                || scalar == "-"
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber:
            return true
        // Vowel signs and accents belong to the letter before them.
        case .nonspacingMark, .spacingMark:
            return !scalar.properties.isVariationSelector
        default: return false
        }
    }

    private static func trimmed(_ text: String) -> String {
        var collapsed = ""
        for scalar in text.unicodeScalars where scalar != "-" || collapsed.unicodeScalars.last != "-" {
            collapsed.unicodeScalars.append(scalar)
        }
        var rest = collapsed.unicodeScalars[...]
        while rest.first == "-" { rest = rest.dropFirst() }
        while rest.last == "-" { rest = rest.dropLast() }
        return String(String.UnicodeScalarView(rest))
    }

    private static func cut(_ text: String, to bytes: Int) -> String {
        var kept = ""
        for scalar in text.unicodeScalars {
            guard kept.utf8.count + String(scalar).utf8.count <= bytes else { break }
            kept.unicodeScalars.append(scalar)
        }
        return trimmed(kept)
    }

    /// FNV-1a over the bytes, 16 hexadecimal digits: the same on every machine and in every version.
    public static func hash(_ text: String) -> String {
        var value: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
