/// Which commands may be typed at all, by regular expressions that are searched in them; `deny` wins.
public struct CommandRules: Sendable, Equatable {
    public enum Verdict: Sendable, Equatable {
        case allowed
        /// The expression that forbids it.
        case denied(by: String)
        /// There is a list of what is allowed, and nothing on it fits.
        case notAllowed
    }

    /// Empty: everything.
    public var allow: [Pattern]
    public var deny: [Pattern]

    public init(allow: [Pattern] = [], deny: [Pattern] = []) {
        self.allow = allow
        self.deny = deny
    }

    /// An expression that takes too many steps forbids, and allows nothing.
    public func judge(_ command: DecidedCommand) -> Verdict {
        let text = command.shownText
        if let rule = deny.first(where: { $0.search(text) != .noMatch }) {
            return .denied(by: rule.expression)
        }
        guard !allow.isEmpty else { return .allowed }
        return allow.contains { $0.matches(text) } ? .allowed : .notAllowed
    }
}
