public import Core

/// Reads detection rules: those built into the binary, and a fleet's files, which add to them.
public enum DetectionFile {
    /// One file of a fleet: rules, and what it takes away from the built-in ones.
    public struct Contents: Sendable, Equatable {
        public var rules: DetectionRules
        /// Names of built-in rules and dialogs that do not count, with their places.
        public var without: [Name]

        public struct Name: Sendable, Equatable {
            public var text: String
            public var position: SourcePosition
        }
    }

    /// More rules or dialogs than any program needs would slow every look at a screen down.
    static let mostRules = 200

    /// The rules that are built in, by kind.
    public static func builtIn() throws(ConfigurationError) -> [DetectionRules] {
        var rules: [DetectionRules] = []
        for name in EmbeddedFile.names(below: "rules/") {
            guard let text = EmbeddedFile.text(named: name) else { continue }
            rules.append(try decode(Array(text.utf8), file: name).value)
        }
        return rules
    }

    /// Decodes one file's bytes, as if it stood alone.
    public static func decode(
        _ bytes: some Collection<UInt8>, file: String
    ) throws(ConfigurationError) -> Decoded<DetectionRules> {
        let contents = try contents(bytes, file: file)
        return Decoded(contents.value.rules, warnings: contents.warnings)
    }

    /// Decodes one file's bytes with what they take away.
    ///
    /// `checksCost`: expressions that explode on a careless line are refused; those that are built in were tried.
    public static func contents(
        _ bytes: some Collection<UInt8>, file: String, checksCost: Bool = false
    ) throws(ConfigurationError) -> Decoded<Contents> {
        let root = try YAMLReader.read(bytes: bytes, file: file)
        let problems = ProblemList()
        let contents = DetectionDecoder(problems: problems, checksCost: checksCost).decode(root)
        try problems.throwErrors(of: file)
        return Decoded(contents, warnings: problems.warnings)
    }
}
