public import Core

/// A value of a YAML, TOML or front matter document together with where it was written.
public struct DocumentNode: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case null
        case bool(Bool)
        case integer(Int64)
        case number(Double)
        case string(String)
        case array([DocumentNode])
        /// Keys in written order; no key occurs twice.
        case mapping([DocumentEntry])
    }

    public enum Style: Sendable, Equatable {
        /// A YAML scalar without quotes, or a TOML value that is not a string.
        case plain
        /// Quoted or a block scalar: certainly meant as text.
        case quoted
    }

    public var value: Value
    public let position: SourcePosition
    /// `.plain` for collections.
    public let style: Style
    /// A scalar as it was written, after escapes: `1.10` stays `1.10`; empty for collections.
    public let text: String

    public init(_ value: Value, at position: SourcePosition, style: Style = .plain, text: String = "") {
        self.value = value
        self.position = position
        self.style = style
        self.text = text
    }
}

/// One key of a mapping with its value.
public struct DocumentEntry: Sendable, Equatable {
    public let key: String
    public let keyPosition: SourcePosition
    public let value: DocumentNode

    public init(key: String, keyPosition: SourcePosition, value: DocumentNode) {
        self.key = key
        self.keyPosition = keyPosition
        self.value = value
    }
}

extension DocumentNode {
    /// The entries of a mapping in written order; nil for anything else.
    public var entries: [DocumentEntry]? {
        guard case .mapping(let entries) = value else { return nil }
        return entries
    }

    public var elements: [DocumentNode]? {
        guard case .array(let elements) = value else { return nil }
        return elements
    }

    public var isNull: Bool { value == .null }

    /// The value of `key`; nil when there is none or this is no mapping.
    ///
    /// Takes time in proportion to the number of keys; `MappingDecoder` looks keys up at once.
    public subscript(key: String) -> DocumentNode? { entries?.first { $0.key == key }?.value }

    /// The value without positions.
    public var json: JSONValue {
        switch value {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .string(let value): return .string(value)
        case .array(let elements): return .array(elements.map(\.json))
        case .mapping(let entries):
            var object = JSONObject()
            for entry in entries { object[entry.key] = entry.value.json }
            return .object(object)
        }
    }

    /// What the value is, for messages: `the text 'abc'`, `a list`, `the number 5`.
    public var summary: String {
        switch value {
        case .null: "nothing"
        case .bool(let value): text.isEmpty ? String(value) : text
        case .integer, .number: "the number \(text)"
        case .string(let value): "the text '\(ConfigurationProblem.visible(value))'"
        case .array: "a list"
        case .mapping: "a group of keys"
        }
    }
}

/// What a document may cost before it is refused; files come with clones and are not trusted.
public struct DocumentLimits: Sendable {
    public var bytes: Int
    /// Nesting of lists and mappings, keys of dotted names included.
    public var depth: Int
    /// Values after aliases and merge keys are expanded.
    public var nodes: Int

    public init(bytes: Int = 1 << 20, depth: Int = 64, nodes: Int = 100_000) {
        self.bytes = bytes
        self.depth = depth
        self.nodes = nodes
    }

    public static let standard = DocumentLimits()
}
