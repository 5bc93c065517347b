public import Core

/// What a fleet need not remember any more.
public struct Retention: Sendable {
    /// Whatever ended before this goes.
    public var before: Timestamp
    /// Bytes of each tap that can be read again; what is remembered of those before them goes.
    public var tapLimit: Int64
    /// Whose unread rows of the journal stay.
    public var readers: [JournalReader]

    public init(before: Timestamp, tapLimit: Int64, readers: [JournalReader]) {
        self.before = before
        self.tapLimit = tapLimit
        self.readers = readers
    }
}

/// Who reads the journal behind a stored cursor, and what of it.
public struct JournalReader: Sendable {
    /// What its cursor is called.
    public var name: String
    public var kinds: [JournalKind]

    public init(_ name: String, of kinds: [JournalKind]) {
        self.name = name
        self.kinds = kinds
    }
}

/// What a retention run deleted.
public struct Pruned: Sendable, Equatable {
    public var journal = 0
    public var runs = 0
    public var agents = 0
    public var deliveries = 0
    /// Marks of taps.
    public var marks = 0

    public init(journal: Int = 0, runs: Int = 0, agents: Int = 0, deliveries: Int = 0, marks: Int = 0) {
        (self.journal, self.runs, self.agents) = (journal, runs, agents)
        (self.deliveries, self.marks) = (deliveries, marks)
    }
}
