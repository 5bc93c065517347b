/// A command of a task on its way into a session.
public struct QueuedCommand: Sendable, Equatable, Codable, Identifiable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case queued
        /// For a person.
        case confirming
        case running
        /// It ran and ended well, or its receipt is there.
        case done
        /// It ran and ended otherwise, or ran too long.
        case failed
        /// It could not be delivered, however often that was tried.
        case dead
        /// A person or nobody's answer said no, or the rules forbid it.
        case refused
        case expired
        case cancelled

        public var isOpen: Bool { self == .queued || self == .confirming || self == .running }
    }

    /// `cmd-<fleet>-<number>`.
    public let id: String
    public let number: Int
    public var branch: String
    public var content: DecidedCommand
    public var state: State
    public var approval: ApprovalID?
    /// How often delivering it was begun, in all its rounds.
    public var tries: Int
    public var createdAt: Timestamp
    /// Not before this time.
    public var dueAt: Timestamp
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    /// It was interrupted for its time.
    public var isInterrupted: Bool
    public var exitCode: Int32?
    /// The last lines of output, a receipt, or why it came to nothing.
    public var detail: String?

    public init(
        id: String, number: Int, branch: String, content: DecidedCommand, state: State = .queued,
        approval: ApprovalID? = nil, tries: Int = 0, createdAt: Timestamp, dueAt: Timestamp,
        startedAt: Timestamp? = nil, endedAt: Timestamp? = nil, isInterrupted: Bool = false,
        exitCode: Int32? = nil, detail: String? = nil
    ) {
        self.id = id
        self.number = number
        self.branch = branch
        self.content = content
        self.state = state
        self.approval = approval
        self.tries = tries
        self.createdAt = createdAt
        self.dueAt = dueAt
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.isInterrupted = isInterrupted
        self.exitCode = exitCode
        self.detail = detail
    }
}

/// How a command ended that was begun.
public enum CommandEnd: Sendable, Equatable, Codable {
    /// A shell said its exit code, and how long it took; nil: nobody knows.
    case exited(code: Int32, tail: String, milliseconds: Int64? = nil)
    /// Typed, with a receipt.
    case delivered(receipt: String)
    /// It was not typed; it may be tried again.
    case notDelivered(reason: String)
    /// It was interrupted for its time, or did not end even then.
    case timedOut(tail: String)
    /// Its session is gone, so nobody will say how it ended.
    case lost(reason: String)
}
