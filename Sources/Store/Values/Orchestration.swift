public import Core

/// A task as the database knows it.
public struct StoredTask: Sendable, Equatable, Identifiable {
    public enum Source: String, Sendable, CaseIterable {
        /// orchestrator.toml.
        case file
        /// `tasks add` and `tasks import`.
        case added
    }

    public var task: PlannedTask
    public var source: Source
    /// Nil: no orchestrator has looked at it yet.
    public var standing: TaskStanding?

    public var id: String { task.branch }
    public var state: TaskStanding.State { standing?.state ?? .waiting }
}

/// Everything that one event made the orchestrator decide; written whole or not at all.
public struct OrchestrationStep: Sendable {
    public var changes: OrchestratorChanges
    /// Journal rows, questions, messages and counters, as of any other subject.
    public var step = WatchStep()
    public var decision: RecordedDecision?

    public init(changes: OrchestratorChanges) { self.changes = changes }
}

/// One call of the decider.
public struct RecordedDecision: Sendable, Equatable {
    public var branch: String
    public var at: Timestamp
    public var prompt: DecisionPrompt
    public var inputHash: String
    public var duration: Duration
    /// `decided`, or the kind of failure.
    public var outcome: String
    /// What it printed, cut.
    public var output: String
    public var reason: String?

    public init(
        branch: String, at: Timestamp, prompt: DecisionPrompt, inputHash: String, duration: Duration,
        outcome: String, output: String, reason: String? = nil
    ) {
        self.branch = branch
        self.at = at
        self.prompt = prompt
        self.inputHash = inputHash
        self.duration = duration
        self.outcome = outcome
        self.output = output
        self.reason = reason
    }
}

/// Everything about tasks at one moment: what an overview shows.
public struct OrchestratorBoard: Sendable, Equatable {
    /// One row of the board.
    public struct Row: Sendable, Equatable {
        public var task: StoredTask
        /// The dependency that keeps it from beginning by itself.
        public var blockedBy: String?
        /// Its commands that wait, run, or could not be delivered, the oldest first.
        public var commands: [QueuedCommand]

        /// One word for people: the state, or `held`, `paused`, `blocked`, `ready`.
        public var status: String
    }

    /// In the order of the plan.
    public var rows: [Row]
    /// The newest first.
    public var decisions: [RecordedDecision]

    public var isEmpty: Bool { rows.isEmpty }
}
