/// Where a task stands: what the database keeps of it.
public struct TaskStanding: Sendable, Equatable, Codable {
    public enum State: String, Sendable, Codable, CaseIterable {
        /// For its dependencies, a free slot or a person.
        case waiting
        /// Its agent is being made.
        case starting
        case running
        case done
        case failed
        case cancelled

        /// Takes one of the slots.
        public var isActive: Bool { self == .starting || self == .running }
        public var isEnded: Bool { self == .done || self == .failed || self == .cancelled }
    }

    /// Why nothing is done for a running task until somebody says so.
    public struct Pause: Sendable, Equatable, Codable {
        public enum Reason: String, Sendable, Codable, CaseIterable {
            case stall
            case failures
            case usageLimit = "usage_limit"
            case decider
            /// Its dependencies cannot be merged.
            case conflict
        }

        public var reason: Reason
        public var since: Timestamp
        public var detail: String

        public init(_ reason: Reason, since: Timestamp, detail: String) {
            self.reason = reason
            self.since = since
            self.detail = detail
        }
    }

    /// Dependencies that cannot be merged by themselves.
    public struct Conflict: Sendable, Equatable, Codable {
        /// The one that conflicts with the base and the dependencies before it.
        public var dependency: String
        public var files: [String]

        public init(dependency: String, files: [String]) {
            self.dependency = dependency
            self.files = files
        }
    }

    /// Who says in which phase a task is; the decider's word alone completes nothing.
    public enum PhaseSource: String, Sendable, Codable { case settings, decider, agent, person }

    public var state: State = .waiting
    public var since: Timestamp
    /// A person holds it: nothing is begun for it.
    public var isHeld = false
    public var pause: Pause?
    /// Keeps it from beginning until somebody wants it tried again.
    public var conflict: Conflict?
    public var phase: String
    public var phaseSource = PhaseSource.settings
    /// Why it failed, was not begun, or is not done although it says so.
    public var reason: String?
    /// How often its agent was started since it last ran.
    public var starts = 0
    /// How often an agent that ended was started again; nil: never.
    public var restarts: Int?
    /// Not before this time its agent is started.
    public var notBefore: Timestamp?
    public var facts = TaskFacts()
    /// When something of it changed last.
    public var progressAt: Timestamp
    public var stalls = 0
    /// People know of the usage limit that its agent has run into.
    public var isLimitTold = false
    public var failureStreak = 0
    public var deciding: DecidingState
    /// Ids of its commands that wait or run, in order.
    public var queue: [String] = []
    /// The running command that a person does not want any more.
    public var unwanted: String?
    /// Commands of the present round, and when the next round may begin.
    public var roundCount = 0
    public var roundEnds: Timestamp?
    /// When its last command began; branches take turns by it.
    public var servedAt: Timestamp?
    /// Alarms so far: each has a number of its own.
    public var alarms = 0

    public init(phase: String, at now: Timestamp) {
        since = now
        progressAt = now
        self.phase = phase
        deciding = DecidingState(nextAt: now)
    }
}

/// How a task's decider stands.
public struct DecidingState: Sendable, Equatable, Codable {
    public enum Step: String, Sendable, Codable {
        case idle
        /// Its input is being gathered.
        case preparing
        /// The input is there, and the call waits for others to end.
        case prepared
        case asked
    }

    public var step = Step.idle
    /// Not before this time.
    public var nextAt: Timestamp
    public var prompt = DecisionPrompt.command
    /// Of the input that is gathered, and of the last one that led to a decision.
    public var inputHash: String?
    public var lastHash: String?
    /// The number of the last decision's first command; nil before there is one.
    public var commandsFrom: Int?
    /// Failed calls since the last good one.
    public var failures = 0
    public var lastError: String?
    public var summary: String?
    public var blockers: [String] = []

    public init(nextAt: Timestamp) { self.nextAt = nextAt }
}

/// Which prompt the decider is given.
public enum DecisionPrompt: String, Sendable, Codable, CaseIterable {
    case command
    case stuckDetection = "stuck_detection"
    /// Sums a task up that is done.
    case summary
}

/// What is known of a task's agent and branch.
public struct TaskFacts: Sendable, Equatable, Codable {
    public var agent: AgentID?
    public var state: AgentState?
    public var waitingFor: WaitingFor?
    public var exitStatus: Int32?
    /// The last state of every stage that ran for the agent, by `pipeline/stage`.
    public var stages: [String: StageState] = [:]
    /// A run is queued or under way.
    public var hasOpenRun = false
    public var isMerged = false
    public var head: String?
    /// Bytes that the agent has printed: more of them is progress.
    public var printed: Int64 = 0
    /// What runs in its pane is a shell.
    public var isShell = false

    public init() {}

    /// What a stage, named as `stage` or `pipeline/stage`, is wherever it is not COMPLETED; one that never ran is waited for.
    fileprivate func missing(stage: String) -> String? {
        let named = stages.filter { $0.key == stage || $0.key.hasSuffix("/\(stage)") }
        guard !named.isEmpty else { return "waits for stage \(stage)" }
        return Self.missing(in: named)
    }

    fileprivate static func missing(in stages: [String: StageState]) -> String? {
        stages.filter { $0.value != .completed }.min { $0.key < $1.key }.map {
            "waits for stage \($0.key), which is \($0.value.rawValue)"
        }
    }
}

extension PlannedTask {
    /// What keeps a task from being done that says it is; nil: nothing.
    func missing(from facts: TaskFacts) -> String? {
        var missing = stages.lazy.compactMap { facts.missing(stage: $0) }.first
        if stages.isEmpty {
            missing = TaskFacts.missing(in: facts.stages)
            if missing == nil, facts.hasOpenRun { missing = "waits for a run of a pipeline" }
        }
        return missing ?? (mustBeMerged && !facts.isMerged ? "waits for its branch to be merged" : nil)
    }
}
