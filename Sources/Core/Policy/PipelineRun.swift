/// One pass of a subject through a pipeline: the policy machine's durable state.
public struct PipelineRun: Sendable, Equatable, Codable, Identifiable {
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Waits behind another run of its pipeline (`when_busy: queue`).
        case queued
        case running, completed, failed
        /// Ended by `when_busy: restart`, `policy reset` or the agent's removal.
        case cancelled
    }

    public let id: RunID
    public var pipeline: String
    public var subject: Subject
    public var state: State
    /// What began it: the signal's JSON in one line, or nil for a run that starts by itself.
    public var cause: String?
    /// The marker that began it, for `TMUX_AGENT_MARKER`.
    public var marker: Marker?
    /// The hook that began it, for `TMUX_AGENT_HOOK`.
    public var hook: String?
    /// The subject's HEAD when the run began, a full object id.
    public var commit: String?
    public var startedAt: Timestamp
    public var endedAt: Timestamp?
    public var stages: [StageRun]

    public init(
        id: RunID, pipeline: String, subject: Subject, state: State, cause: String? = nil,
        marker: Marker? = nil,
        hook: String? = nil, commit: String? = nil, startedAt: Timestamp, endedAt: Timestamp? = nil,
        stages: [StageRun]
    ) {
        self.id = id
        self.pipeline = pipeline
        self.subject = subject
        self.state = state
        self.cause = cause
        self.marker = marker
        self.hook = hook
        self.commit = commit
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.stages = stages
    }
}

/// The classic names of a stage's states.
public enum StageState: String, Sendable, Codable, CaseIterable {
    case idle = "IDLE"
    case waitingTrigger = "WAITING_TRIGGER"
    case waitingApproval = "WAITING_APPROVAL"
    case running = "RUNNING"
    case completed = "COMPLETED"
    case failed = "FAILED"
}

/// One stage of a run.
public struct StageRun: Sendable, Equatable, Codable {
    public var name: String
    public var state: StageState
    /// 1 on the first try; 0 before the stage has run.
    public var attempt: Int
    public var since: Timestamp
    /// Why it is in this state, in words for a person.
    public var reason: String?
    /// What the machine must remember over a restart; opaque to everybody else.
    public var memory: StageMemory

    public init(
        name: String, state: StageState, attempt: Int = 0, since: Timestamp, reason: String? = nil,
        memory: StageMemory = StageMemory()
    ) {
        self.name = name
        self.state = state
        self.attempt = attempt
        self.since = since
        self.reason = reason
        self.memory = memory
    }
}
