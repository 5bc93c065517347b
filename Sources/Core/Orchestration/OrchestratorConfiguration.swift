/// What orchestrator.toml says, but for the prompts.
public struct OrchestratorConfiguration: Sendable, Equatable {
    public var settings = OrchestratorSettings()
    public var rules = CommandRules()
    /// They form no circle.
    public var tasks: [PlannedTask] = []
    /// Nil: no model is ever asked.
    public var decider: DeciderSettings?
    /// `dry_run`: everything is decided, nothing is done.
    public var isDryRun = false
    /// Messages for agents' composers are wrapped in the prompt `delegate`.
    public var delegates = false
    /// Where numbers are served beside the dashboard, 0 on a free port; nil: nowhere else.
    public var metricsPort: Int?
    public var metricsHost = "127.0.0.1"

    public init() {}
}

/// The command line that reads a prompt on standard input and prints a decision.
public struct DeciderSettings: Sendable, Equatable {
    /// The program and its arguments; no shell is between.
    public var command: [String]
    /// After it the call is ended and counts as failed.
    public var timeout: Duration
    /// Beside what tmux-agent itself has in its environment.
    public var environment: [String: String]

    public init(command: [String], timeout: Duration = .seconds(120), environment: [String: String] = [:]) {
        self.command = command
        self.timeout = timeout
        self.environment = environment
    }
}
