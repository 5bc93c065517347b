/// A durable question to a person: asked once, answered once.
public struct Approval: Sendable, Equatable, Codable, Identifiable {
    public enum Purpose: String, Sendable, Codable, CaseIterable {
        /// A stage may not start before the answer.
        case stageStart = "stage_start"
        /// A stage failed and `ask_human` wants a decision: approve = go on, reject = leave it failed.
        case afterFailure = "after_failure"
        /// The orchestrator may not run a command before the answer; `run` names its task, `stage` the command.
        case command
    }

    public enum State: String, Sendable, Codable, CaseIterable {
        case pending, approved, rejected, expired, cancelled
    }

    public let id: ApprovalID
    public var purpose: Purpose
    public var subject: Subject
    public var run: RunID
    public var pipeline: String
    public var stage: String
    public var attempt: Int
    public var question: String
    public var state: State
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?
    /// What expiry does: `rejected`, `approved`, or nil for staying pending.
    public var onExpire: State?
    public var answer: ApprovalAnswer?

    public init(
        id: ApprovalID, purpose: Purpose, subject: Subject, run: RunID, pipeline: String, stage: String,
        attempt: Int, question: String, state: State = .pending, createdAt: Timestamp,
        expiresAt: Timestamp?, onExpire: State?, answer: ApprovalAnswer? = nil
    ) {
        self.id = id
        self.purpose = purpose
        self.subject = subject
        self.run = run
        self.pipeline = pipeline
        self.stage = stage
        self.attempt = attempt
        self.question = question
        self.state = state
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.onExpire = onExpire
        self.answer = answer
    }
}

/// Who answered an approval, through what, when and why.
public struct ApprovalAnswer: Sendable, Equatable, Codable {
    public enum Decision: String, Sendable, Codable, CaseIterable { case approve, reject }

    public var decision: Decision
    /// A login name, or a word such as `file: unknown writer` or `expiry`.
    public var by: String
    /// `cli`, `file`, `link`, `webhook`, `web`, `portal`, `chat`, `expiry`.
    public var through: String
    public var at: Timestamp
    public var reason: String?

    public init(decision: Decision, by: String, through: String, at: Timestamp, reason: String? = nil) {
        self.decision = decision
        self.by = by
        self.through = through
        self.at = at
        self.reason = reason
    }

    /// `ana through cli`, `unknown person through link`, or `expiry`.
    public var author: String {
        guard by != through else { return by }
        let own = "\(through): "
        return "\(by.hasPrefix(own) ? String(by.dropFirst(own.count)) : by) through \(through)"
    }
}
