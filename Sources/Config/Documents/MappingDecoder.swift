internal import Core

/// Reads the keys of one mapping; keys that nobody asked for are reported by `finish()`.
///
/// A key whose value is `null` (`key:` with nothing behind it in YAML) counts as not written.
public final class MappingDecoder {
    public let node: DocumentNode
    /// How messages call the mapping.
    public let name: String
    public let decoder: NodeDecoder
    private let entries: [String: DocumentEntry]
    private var known: [String] = []

    init(_ node: DocumentNode, name: String, problems: ProblemList) {
        self.node = node
        self.name = name
        decoder = NodeDecoder(problems: problems)
        entries = Dictionary(
            (node.entries ?? []).map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public var problems: ProblemList { decoder.problems }
    public var position: SourcePosition { node.position }

    /// The entry of `key`, which becomes a known key.
    public func entry(_ key: String) -> DocumentEntry? {
        if !known.contains(key) { known.append(key) }
        return entries[key]
    }

    /// The value of `key`, unless it is absent or null.
    public func node(_ key: String) -> DocumentNode? {
        guard let value = entry(key)?.value, !value.isNull else { return nil }
        return value
    }

    public func contains(_ key: String) -> Bool { node(key) != nil }

    public func string(_ key: String) -> String? { node(key).flatMap { decoder.string($0, as: key) } }
    public func bool(_ key: String) -> Bool? { node(key).flatMap { decoder.bool($0, as: key) } }

    public func integer(_ key: String, in range: ClosedRange<Int> = 0...Int.max) -> Int? {
        node(key).flatMap { decoder.integer($0, as: key, in: range) }
    }

    public func number(_ key: String, in range: ClosedRange<Double> = 0...Double.infinity) -> Double? {
        node(key).flatMap { decoder.number($0, as: key, in: range) }
    }

    public func duration(_ key: String, bareSeconds: Bool = false) -> Duration? {
        node(key).flatMap { decoder.duration($0, as: key, bareSeconds: bareSeconds) }
    }

    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String, of type: Choice.Type = Choice.self
    ) -> Choice? {
        node(key).flatMap { decoder.choice($0, as: key, of: type) }
    }

    public func strings(_ key: String) -> [String]? { node(key).flatMap { decoder.strings($0, as: key) } }

    public func stringTable(_ key: String) -> [String: String]? {
        node(key).flatMap { decoder.stringTable($0, as: key) }
    }

    public func array(_ key: String) -> [DocumentNode]? { node(key).flatMap { decoder.array($0, as: key) } }

    /// The mapping at `key`; nil when it is absent or, with a problem, something else.
    public func mapping(_ key: String) -> MappingDecoder? {
        node(key).flatMap { decoder.mapping($0, as: key) }
    }

    /// The text at `key`, with a problem at the mapping when it is missing or empty.
    public func requiredString(_ key: String) -> String? {
        guard let value = node(key) else {
            problems.error(
                "\(name) has no '\(key)'", at: entries[key]?.keyPosition ?? position,
                suggestion: "Add '\(key)'")
            return nil
        }
        guard let text = decoder.string(value, as: key) else { return nil }
        if text.isEmpty {
            problems.error(
                "'\(key)' of \(name) is empty", at: value.position, suggestion: "Write a text behind '\(key)'"
            )
            return nil
        }
        return text
    }

    /// Makes keys known that are not read.
    public func accept(_ keys: String...) { for key in keys { _ = entry(key) } }

    /// The entries that nobody asked for yet, in written order; they count as asked for from now on.
    public func remainingEntries() -> [DocumentEntry] {
        let rest = (node.entries ?? []).filter { !known.contains($0.key) }
        known += rest.map(\.key)
        return rest
    }

    /// Reports every key that was not asked for, naming the nearest known one.
    public func finish(severity: ConfigurationProblem.Severity = .error) {
        let names = known
        for entry in remainingEntries() {
            let near = didYouMean(entry.key, among: names)
            problems.add(
                ConfigurationProblem(
                    severity, at: entry.keyPosition,
                    "unknown key '\(ConfigurationProblem.visible(entry.key))' in \(name)",
                    suggestion: near.map { "Did you mean '\($0)'?" }
                        ?? "Known keys: \(names.joined(separator: ", "))"))
        }
    }
}
