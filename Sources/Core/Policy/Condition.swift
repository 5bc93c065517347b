/// A tree of tests on what happens to a subject.
public indirect enum Condition: Sendable, Equatable {
    case test(Test, at: PolicyPosition)
    /// A plain list, `any_of`, or several keys in one entry.
    case any([Condition])
    case all([Condition])

    public enum Test: Sendable, Equatable {
        /// A regular expression, searched in each logical line of the screen.
        case logRegex(Pattern)
        /// A marker's `type`.
        case messageType(String)
        /// Keys of a marker's payload; all must be equal.
        case marker([MarkerField])
        /// An earlier stage of the same run is COMPLETED.
        case afterStageSuccess(String)
        /// Of the stage's own shell actions.
        case exitCode(Int32)
        case agentState(AgentState)
        case gitHook(GitHookFilter)
        /// A signal from `tmux-agent emit name`.
        case signal(String)
        /// A time since the stage began to wait or to run.
        case after(Duration)
    }

    /// One key of a payload and the value it must have.
    public struct MarkerField: Sendable, Equatable {
        public var key: String
        public var value: JSONValue

        public init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    public struct GitHookFilter: Sendable, Equatable {
        /// `post-commit`, `post-merge`, `post-checkout`, `post-rewrite`.
        public var name: String
        /// Glob; nil: any branch.
        public var branch: String?
        /// Globs, of which one must fit one changed path; empty: any.
        public var paths: [String]

        public init(name: String, branch: String? = nil, paths: [String] = []) {
            self.name = name
            self.branch = branch
            self.paths = paths
        }

        public func fits(_ event: GitHookEvent) -> Bool {
            guard event.name == name else { return false }
            if let branch {
                guard let actual = event.branch, Glob.branch(branch).matches(actual) else { return false }
            }
            return paths.isEmpty
                || event.paths.contains { path in paths.contains { Glob.pathMatches($0, path) } }
        }
    }

    /// Every test of the tree with its position, in written order.
    public var tests: [(test: Test, position: PolicyPosition)] {
        switch self {
        case .test(let test, let position): [(test, position)]
        case .any(let parts), .all(let parts): parts.flatMap(\.tests)
        }
    }

    public var asksForExitCode: Bool {
        tests.contains { test, _ in
            if case .exitCode = test { true } else { false }
        }
    }
}

extension Condition.Test {
    /// The test as the policy file writes it, for messages: cut where it is long.
    public var words: String { words { PolicyText.excerpt($0) } }

    /// What a stage remembers the test by: whole, so that long tests stay apart.
    var key: String { words { $0 } }

    private func words(_ shown: (String) -> String) -> String {
        switch self {
        case .logRegex(let pattern): "log_regex '\(shown(pattern.expression))'"
        case .messageType(let type): "message_type \(shown(type))"
        case .marker(let fields):
            "marker "
                + fields.map { "\(shown($0.key))=\(shown($0.value.serialized(sorted: true)))" }.joined(
                    separator: " ")
        case .afterStageSuccess(let stage): "after_stage_success '\(shown(stage))'"
        case .exitCode(let code): "exit_code \(code)"
        case .agentState(let state): "agent_state \(state.rawValue)"
        case .gitHook(let filter): "git_hook \(filter.words(shown))"
        case .signal(let name): "signal \(shown(name))"
        case .after(let duration): "after \(DurationText.text(duration))"
        }
    }
}

extension Condition.GitHookFilter {
    fileprivate func words(_ shown: (String) -> String) -> String {
        var words = shown(name)
        if let branch { words += " on \(shown(branch))" }
        if !paths.isEmpty { words += " touching \(paths.map(shown).joined(separator: ", "))" }
        return words
    }
}

extension Condition {
    /// The tree in words: `log_regex 'x' or (signal a and after 5m)`.
    public var words: String { words(or: " or ", and: " and ", nothing: "nothing") }

    /// As `words`, joined by the words of another language; the tests stay as the policy file writes them.
    public func words(or: String, and: String, nothing: String) -> String {
        words(or, and, nothing, nested: false)
    }

    private func words(_ or: String, _ and: String, _ nothing: String, nested: Bool) -> String {
        func join(_ parts: [Condition], _ separator: String) -> String {
            guard !parts.isEmpty else { return nothing }
            let text = parts.map { $0.words(or, and, nothing, nested: parts.count > 1) }
                .joined(separator: separator)
            return nested && parts.count > 1 ? "(\(text))" : text
        }
        switch self {
        case .test(let test, _): return test.words
        case .any(let parts): return join(parts, or)
        case .all(let parts): return join(parts, and)
        }
    }
}
