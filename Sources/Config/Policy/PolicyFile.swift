public import Core

/// Reads a policy file, the classic ones of the Python tool included.
public enum PolicyFile {
    /// A policy that can be used, and what is odd about it.
    public struct Loaded: Sendable {
        public var policy: Policy
        public var warnings: [ConfigurationProblem]
    }

    /// Where a policy is to be used, as far as the meaning of a file depends on it.
    public struct Context: Sendable {
        /// Panes that were not spawned here: a stage without `success_when` never completes.
        public var isClassic: Bool
        /// The branch of the main checkout, where no agent can be.
        public var mainBranch: String?
        /// The codes that fleet.toml routes; nil: not known.
        public var escalations: [String]?
        /// Every dialog that can be named; nil: those of the built-in rules.
        public var dialogs: [String]?

        public init(
            isClassic: Bool = false, mainBranch: String? = nil, escalations: [String]? = nil,
            dialogs: [String]? = nil
        ) {
            self.dialogs = dialogs
            self.isClassic = isClassic
            self.mainBranch = mainBranch
            self.escalations = escalations
        }
    }

    /// The policy, or every problem of the file at once.
    public static func read(
        _ text: String, file: String, context: Context = Context()
    ) throws(ConfigurationError) -> Loaded {
        let problems = ProblemList()
        let policy = try decode(text, file: file, context: context, problems: problems)
        try problems.throwErrors(of: file)
        return Loaded(policy: policy, warnings: problems.warnings)
    }

    /// Every problem of the file, warnings included; empty if it is as it should be.
    public static func check(
        _ text: String, file: String, context: Context = Context()
    ) -> [ConfigurationProblem] {
        do throws(ConfigurationError) {
            return try read(text, file: file, context: context).warnings
        } catch {
            return error.problems
        }
    }

    private static func decode(
        _ text: String, file: String, context: Context, problems: ProblemList
    ) throws(ConfigurationError) -> Policy {
        let root = try YAMLReader.read(text, file: file)
        let policy = PolicyDecoder(problems: problems).policy(root)
        PolicyChecker(file: file, context: context, problems: problems).check(policy)
        return policy
    }
}

extension SourcePosition {
    var inPolicy: PolicyPosition { PolicyPosition(line: line, column: column) }

    /// The same place `count` characters further to the right.
    func moved(by count: Int) -> SourcePosition {
        SourcePosition(file: file, line: line, column: column + count)
    }
}
