/// Which program's manners a pane has; rules and scanning differ by it.
///
/// An open set: users may add detection rules for kinds of their own.
public struct AgentKind: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let claude = AgentKind("claude")
    public static let codex = AgentKind("codex")
    public static let aider = AgentKind("aider")
    public static let gemini = AgentKind("gemini")
    public static let opencode = AgentKind("opencode")
    public static let shell = AgentKind("shell")
}
