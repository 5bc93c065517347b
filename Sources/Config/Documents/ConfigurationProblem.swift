public import Core

/// One thing that is wrong in a configuration file: where, what, and what to write instead.
public struct ConfigurationProblem: Sendable, Equatable {
    public enum Severity: String, Sendable {
        case error
        /// The file works, but does not mean what it seems to mean.
        case warning
    }

    public let severity: Severity
    public let position: SourcePosition
    /// A sentence without a full stop, in lower case where it does not begin with a name.
    public let message: String
    /// What to write instead, as an instruction.
    public let suggestion: String?

    public init(
        _ severity: Severity = .error, at position: SourcePosition, _ message: String,
        suggestion: String? = nil
    ) {
        self.severity = severity
        self.position = position
        self.message = message
        self.suggestion = suggestion
    }

    /// `file:line:column: error: message`, and the suggestion on a second, indented line.
    public var rendered: String {
        let first = "\(position): \(severity.rawValue): \(message)"
        guard let suggestion else { return first }
        return first + "\n    hint: \(suggestion)"
    }

    /// Text from a file for a one-line message: made safe for a terminal, and cut when long.
    static func visible(_ text: some StringProtocol) -> String {
        let start = text.prefix(60)
        return start.visible + (start.endIndex < text.endIndex ? "…" : "")
    }
}

/// Collects the problems of one file while it is decoded, so that all of them are reported at once.
public final class ProblemList {
    public private(set) var problems: [ConfigurationProblem] = []
    /// More than this many are counted, not kept: a binary file by mistake must not fill the terminal.
    private let limit = 100

    public init() {}

    public var hasErrors: Bool { problems.contains { $0.severity == .error } }
    public var warnings: [ConfigurationProblem] { sorted.filter { $0.severity == .warning } }
    /// In the order of the file.
    public var sorted: [ConfigurationProblem] {
        problems.enumerated()
            .sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
            .map(\.element)
    }

    public func add(_ problem: ConfigurationProblem) {
        guard problems.count < limit, !problems.contains(problem) else { return }
        problems.append(problem)
    }

    /// An error always says what to write instead.
    public func error(_ message: String, at position: SourcePosition, suggestion: String) {
        add(ConfigurationProblem(.error, at: position, message, suggestion: suggestion))
    }

    /// What a value itself refused, with its own advice.
    public func error(_ cause: some UserFacingError, at position: SourcePosition) {
        add(ConfigurationProblem(.error, at: position, cause.message, suggestion: cause.hint))
    }

    public func warning(_ message: String, at position: SourcePosition, suggestion: String? = nil) {
        add(ConfigurationProblem(.warning, at: position, message, suggestion: suggestion))
    }

    /// Throws all problems, warnings included, when one of them is an error.
    public func throwErrors(of file: String) throws(ConfigurationError) {
        guard hasErrors else { return }
        throw .invalid(file: file, problems: sorted)
    }
}
