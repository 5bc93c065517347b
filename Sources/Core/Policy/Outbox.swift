/// Something that a stage or a person asked the hands to do.
public enum Action: Sendable, Equatable, Codable {
    /// Literal text into the subject's pane, then Enter.
    case sendKeys(text: String, enter: Bool)
    /// tmux key names, such as `C-c`.
    case keys([String])
    /// A command line for `sh -c` in the subject's worktree; values reach it as environment variables only.
    case shell(command: String, timeout: Duration, environment: [String: String])
    case notify(Notice)
    case emit(name: String, payload: JSONObjectBox)
    case spawn(branch: String, template: String?, task: String?)
    /// The option of this text on the dialog that a detection rule recognised, if that dialog (`identity`) still stands.
    case answerDialog(rule: String, option: String, identity: String)
}

/// A message to people.
public struct Notice: Sendable, Equatable, Codable {
    public enum Severity: String, Sendable, Codable, CaseIterable { case info, warning, critical }

    public var title: String
    public var body: String
    public var severity: Severity
    /// Who hears of it in place of those whom the settings name for its severity.
    public var channels: [String]?

    public init(title: String, body: String, severity: Severity = .info, channels: [String]? = nil) {
        self.title = title
        self.body = body
        self.severity = severity
        self.channels = channels
    }
}

/// An action that is decided but not yet known to be done.
public struct OutboxItem: Sendable, Equatable, Codable, Identifiable {
    public enum State: String, Sendable, Codable, CaseIterable {
        case pending, attempting, done, failed
        /// Began and never told how it ended: not repeated.
        case uncertain
        /// Given up before it began: its run or agent ended.
        case cancelled
    }

    /// `<run>/<stage>/<attempt>/<phase>/<index>`: unique for ever, so deciding twice inserts once.
    public let id: OutboxID
    public var subject: Subject
    public var run: RunID?
    public var stage: String?
    public var attempt: Int
    public var action: Action
    public var state: State
    public var createdAt: Timestamp
    /// Not before this time.
    public var dueAt: Timestamp

    public init(
        id: OutboxID, subject: Subject, run: RunID?, stage: String?, attempt: Int, action: Action,
        state: State = .pending, createdAt: Timestamp, dueAt: Timestamp
    ) {
        self.id = id
        self.subject = subject
        self.run = run
        self.stage = stage
        self.attempt = attempt
        self.action = action
        self.state = state
        self.createdAt = createdAt
        self.dueAt = dueAt
    }
}

/// How an outbox row ended.
public struct ActionResult: Sendable, Equatable, Codable {
    public var item: OutboxID
    public var state: OutboxItem.State
    /// Of a shell action that ended.
    public var exitCode: Int32?
    /// The last lines of output, or why it failed.
    public var detail: String?

    public init(item: OutboxID, state: OutboxItem.State, exitCode: Int32? = nil, detail: String? = nil) {
        self.item = item
        self.state = state
        self.exitCode = exitCode
        self.detail = detail
    }
}
