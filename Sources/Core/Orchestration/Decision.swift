/// What the decider wants: a look at a task and the next commands for it.
public struct Decision: Sendable, Equatable, Codable {
    public var summary: String?
    public var phase: String?
    public var blockers: [String]
    /// What people are to be told.
    public var notify: String?
    /// Every command of it waits for a person.
    public var requiresConfirmation: Bool
    public var commands: [DecidedCommand]

    public init(
        summary: String? = nil, phase: String? = nil, blockers: [String] = [], notify: String? = nil,
        requiresConfirmation: Bool = false, commands: [DecidedCommand] = []
    ) {
        self.summary = summary
        self.phase = phase
        self.blockers = blockers
        self.notify = notify
        self.requiresConfirmation = requiresConfirmation
        self.commands = commands
    }
}

/// A text or keys for an agent's session.
public struct DecidedCommand: Sendable, Equatable, Codable {
    /// How the text gets into the pane.
    public enum InputMode: String, Sendable, Codable, CaseIterable {
        /// A command line for a shell: it is run, and its exit code, time and last lines come back.
        case shell
        /// A message for an agent program, typed into its composer.
        case dialogue = "codex_dialogue"
    }

    public var text: String
    /// tmux key names in place of a text.
    public var keys: [String]
    /// A session, branch or agent id as the decider names it, a branch once it is known; nil: the task's own agent.
    public var session: String?
    public var enter: Bool
    public var cwd: String?
    public var risk: RiskLevel
    public var notes: String?
    /// Nil: as the agent's program needs it.
    public var mode: InputMode?

    public init(
        text: String = "", keys: [String] = [], session: String? = nil, enter: Bool = true,
        cwd: String? = nil, risk: RiskLevel = .low, notes: String? = nil, mode: InputMode? = nil
    ) {
        self.text = text
        self.keys = keys
        self.session = session
        self.enter = enter
        self.cwd = cwd
        self.risk = risk
        self.notes = notes
        self.mode = mode
    }

    /// What people and patterns see.
    public var shownText: String { keys.isEmpty ? text : "keys: " + keys.joined(separator: " ") }

    /// Whether both would do the same.
    func isSame(as other: DecidedCommand) -> Bool {
        text == other.text && keys == other.keys && session == other.session && cwd == other.cwd
    }
}
