/// Which program an agent is; it chooses the rules that read its screen.
public struct AgentKind: StringIdentifier {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let claude = AgentKind("claude")
    public static let codex = AgentKind("codex")
    public static let aider = AgentKind("aider")
    public static let gemini = AgentKind("gemini")
    public static let opencode = AgentKind("opencode")
    /// A shell, a script, or any program without rules of its own.
    public static let shell = AgentKind("shell")

    public static let known: [AgentKind] = [.claude, .codex, .aider, .gemini, .opencode, .shell]

    /// The kind that a command's program name suggests; `.shell` for an unknown one.
    ///
    /// Assignments and the wrappers `env`, `exec`, `npx`, `uvx`, `nice`, `nohup` and `sudo` before the program are passed over.
    /// `others`: kinds that a fleet brings, by program name.
    public static func guessed(fromCommand command: String, others: [String: AgentKind] = [:]) -> AgentKind {
        let wrappers: Set = ["env", "exec", "npx", "bunx", "uvx", "nice", "nohup", "sudo", "command"]
        for word in command.split(whereSeparator: \.isWhitespace) {
            let bare = word.filter { $0 != "\"" && $0 != "'" }
            let name = bare.split(separator: "/").last.map(String.init) ?? ""
            if bare.hasPrefix("-") || name.isEmpty || wrappers.contains(name) { continue }
            if let equals = bare.firstIndex(of: "="), !bare[..<equals].contains("/") { continue }
            if let other = others[name] { return other }
            return known.first { name == $0.rawValue || name.hasPrefix("\($0.rawValue)-") } ?? .shell
        }
        return .shell
    }
}

/// How one sort of agent is started: the default profile, or `[agents.<name>]` merged over it.
public struct AgentProfile: Sendable, Equatable {
    /// `default` for the profile of `[agent]`.
    public var name: String
    public var command: CommandTemplate
    public var model: String
    public var kind: AgentKind
    /// Extra environment variables.
    public var environment: [String: String]

    public init(
        name: String = "default", command: CommandTemplate, model: String, kind: AgentKind? = nil,
        environment: [String: String] = [:]
    ) {
        self.name = name
        self.command = command
        self.model = model
        self.kind = kind ?? .guessed(fromCommand: command.text)
        self.environment = environment
    }

    public static let standard = AgentProfile(
        command: CommandTemplate("claude --model {model}"), model: "sonnet")
}

/// An agent's command line: the one shell line of the program, with `{model} {branch} {worktree} {session}` to fill in.
public struct CommandTemplate: Sendable, Equatable {
    public let text: String

    public init(_ text: String) { self.text = text }

    public struct Values: Sendable, Equatable {
        public var model: String
        public var branch: String
        public var worktree: String
        public var session: String

        public init(model: String, branch: String, worktree: String, session: String) {
            self.model = model
            self.branch = branch
            self.worktree = worktree
            self.session = session
        }
    }

    public func uses(_ placeholder: String) -> Bool { text.contains("{\(placeholder)}") }

    /// The line for a shell, with every value quoted for the place where it stands; other braces stay as they are.
    public func filled(with values: Values) -> String {
        let table = [
            "{model}": values.model, "{branch}": values.branch, "{worktree}": values.worktree,
            "{session}": values.session,
        ]
        var line = ""
        var place = ShellText.Place.bare
        var rest = Substring(text)
        while let character = rest.first {
            if let (name, value) = table.first(where: { rest.hasPrefix($0.key) }) {
                line += ShellText.quoted(value, in: place)
                rest = rest.dropFirst(name.count)
                continue
            }
            rest = rest.dropFirst()
            line.append(character)
            if character == "\\", place != .singleQuotes, let next = rest.first {
                line.append(next)
                rest = rest.dropFirst()
            } else {
                place = place.after(character)
            }
        }
        return line
    }
}
