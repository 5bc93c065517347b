public import Core

/// Reads a file of table tests for policies.
public enum PolicyTestFile {
    public struct Loaded: Sendable, Equatable {
        /// The policy that is tested, relative to the file; nil: `policy.yaml` beside it.
        public var policy: String?
        public var tests: [PolicyTest]
    }

    /// The tests, or every problem of the file at once.
    public static func read(_ text: String, file: String) throws(ConfigurationError) -> Loaded {
        let problems = ProblemList()
        let root = try YAMLReader.read(text, file: file)
        let decoder = PolicyTestDecoder(conditions: PolicyDecoder(problems: problems))
        let loaded = decoder.file(root)
        try problems.throwErrors(of: file)
        return loaded
    }
}
