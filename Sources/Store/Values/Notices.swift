public import Core

/// A message to people before it is written down.
public struct NoticeDraft: Sendable, Equatable {
    /// Writing a second one with the same key does nothing.
    public var key: String
    public var kind: NoticeKind
    public var subject: Subject
    /// Nil: that of the subject's agent.
    public var branch: String?
    public var approval: ApprovalID?
    public var notice: Notice

    public init(
        key: String, kind: NoticeKind, subject: Subject, branch: String? = nil, approval: ApprovalID? = nil,
        notice: Notice
    ) {
        self.key = key
        self.kind = kind
        self.subject = subject
        self.branch = branch
        self.approval = approval
        self.notice = notice
    }

    /// What an action of a policy asks for.
    public init(_ notice: Notice, for item: OutboxID, subject: Subject) {
        self.init(
            key: item.rawValue, kind: NoticeKind(item), subject: subject,
            approval: ApprovalNoticeID(item)?.approval, notice: notice)
    }
}

/// A message to people with how far it got.
public struct RecordedNotice: Sendable, Equatable, Identifiable {
    /// How far it got in one channel.
    public struct Standing: Sendable, Equatable {
        public var channel: String
        public var state: Delivery.State
        public var attempts: Int
        /// When it was tried last, or ended.
        public var at: Timestamp?
        /// When it goes out next, while it is pending.
        public var dueAt: Timestamp
        /// Why it did not get through the last time, or why the channel is skipped.
        public var error: String?
    }

    /// Grows in the order of writing.
    public let id: Int64
    public var key: String
    public var kind: NoticeKind
    public var subject: Subject
    /// Of its agent, then; nil for the main checkout and for panes that were not spawned here.
    public var branch: String?
    public var approval: ApprovalID?
    /// Without `channels`: those are `standings`.
    public var notice: Notice
    public var at: Timestamp
    /// Says that the words of an earlier one came again.
    public var isFollowUp: Bool
    /// How many of the same words it counts beside itself.
    public var counted: Int
    /// One for each channel, by name.
    public var standings: [Standing]

    public var requiresAttention: Bool { kind.requiresAttention(notice.severity) }
}

/// A notice on its way through one channel.
public struct Delivery: Sendable, Equatable, Identifiable {
    public enum State: String, Sendable, CaseIterable {
        case pending, attempting, done
        /// Given up; a person may send it again.
        case dead
        /// Nobody needed it any more.
        case withdrawn
        /// The channel lacked what it needs when the notice was written.
        case skipped
    }

    public let id: Int64
    /// The notice's key.
    public var key: String
    public var kind: NoticeKind
    public var subject: Subject
    public var branch: String?
    public var approval: ApprovalID?
    public var channel: String
    public var notice: Notice
    public var isFollowUp: Bool
    public var counted: Int
    public var state: State
    /// How often it was tried, with the present try.
    public var attempts: Int
    /// A try of it was cut off by the sender's end: it may arrive twice.
    public var isInterrupted: Bool
    /// When the notice was written.
    public var at: Timestamp
    public var dueAt: Timestamp
    public var expiresAt: Timestamp
    public var endedAt: Timestamp?
    public var lastError: String?
}
