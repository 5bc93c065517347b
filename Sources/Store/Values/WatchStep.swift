public import Core

/// Everything that one subject's watcher decided on from one piece of input; written whole or not at all.
///
/// Positions are compare-and-set: when the stored one is not `from`, the step is refused with
/// ``StoreError/positionMoved(what:expected:found:)`` and nothing is written.
public struct WatchStep: Sendable, Equatable {
    public var tap: TapAdvance?
    public var marks: [TapMark] = []
    public var keyframe: StoredKeyframe?
    /// For input that came from the journal (`emit`, answers).
    public var cursor: PositionAdvance?
    /// For input that came from a file of lines (git hooks, bus).
    public var file: PositionAdvance?
    public var journal: [JournalDraft] = []
    /// A change of the agent's state, whose journal row is one of `journal`; ignored for subjects without an agent.
    public var condition: AgentCondition?
    public var runs: [PipelineRun] = []
    /// Inserted unless a row of that id is there already.
    public var outbox: [OutboxItem] = []
    /// Pending rows that shall not begin any more; rows that began are left alone.
    public var cancelledOutbox: [OutboxID] = []
    /// Runs whose pending actions shall not begin any more; their messages are told all the same.
    public var cancelledRuns: [RunID] = []
    /// Inserted unless an approval of that id is there already.
    public var approvals: [Approval] = []
    /// Through what alone the named ones of `approvals` may be answered.
    public var approvalChannels: [ApprovalID: [String]] = [:]
    /// Pending approvals that nobody needs any more; answered ones are left alone.
    public var cancelledApprovals: [ApprovalID] = []
    public var counters: [CounterIncrement] = []

    public init() {}
}

/// A subject's progress through its tap.
public struct TapAdvance: Sendable, Equatable {
    public var from: Int64
    public var to: Int64
    /// The screen's size at `to`.
    public var size: ScreenSize
    /// Which start of the agent printed what follows `to`; nil for that of the step.
    public var generation: Int?
    /// What of the tap tells it from another one; nil: not known.
    public var print: TapPrint?

    public init(from: Int64, to: Int64, size: ScreenSize, generation: Int? = nil) {
        self.from = from
        self.to = to
        self.size = size
        self.generation = generation
    }
}

/// Columns and rows of a pane.
public struct ScreenSize: Sendable, Hashable {
    public var columns: Int
    public var rows: Int

    public init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
    }
}

/// A subject's stored place in its tap.
public struct TapPosition: Sendable, Equatable {
    public var offset: Int64
    public var size: ScreenSize
    /// Which start of the agent prints what follows.
    public var generation: Int
    public var at: Timestamp
    /// Nil for a position of which none was written.
    public var print: TapPrint?
}

/// Bytes of a tap by which it is known again.
public struct TapPrint: Sendable, Equatable {
    /// The first bytes that were ever read.
    public var head: [UInt8]
    /// The last ones before the position.
    public var tail: [UInt8]

    public init(head: [UInt8], tail: [UInt8]) {
        self.head = head
        self.tail = tail
    }
}

/// When the tap had which length, and which size the pane had from there on.
public struct TapMark: Sendable, Equatable {
    public var offset: Int64
    public var at: Timestamp
    public var size: ScreenSize

    public init(offset: Int64, at: Timestamp, size: ScreenSize) {
        self.offset = offset
        self.at = at
        self.size = size
    }
}

/// A screen's whole state at one offset of the tap, opaque to the database.
public struct StoredKeyframe: Sendable, Equatable {
    public var offset: Int64
    public var state: [UInt8]

    public init(offset: Int64, state: [UInt8]) {
        self.offset = offset
        self.state = state
    }
}

/// A named reader's progress, compare-and-set.
public struct PositionAdvance: Sendable, Equatable {
    public var reader: String
    public var from: Int64
    public var to: Int64

    public init(reader: String, from: Int64, to: Int64) {
        self.reader = reader
        self.from = from
        self.to = to
    }
}

/// Which marker ids have counted already for this start of the agent.
public struct SeenMarkers {
    private let isKnown: (String) throws -> Bool
    private var asked: Set<String> = []
    private(set) var added: [String] = []
    /// A look-up that went wrong; the transaction must not go on.
    private(set) var failure: (any Error)?

    /// A set in memory, for trying a decision out.
    public init(known: Set<String> = []) { isKnown = known.contains }

    init(isKnown: @escaping (String) throws -> Bool) { self.isKnown = isKnown }

    /// True once per id: the marker counts and is remembered in the same transaction; false = drop it.
    public mutating func count(_ id: String) -> Bool {
        guard asked.insert(id).inserted else { return false }
        do {
            guard try !isKnown(id) else { return false }
        } catch {
            failure = error
            return false
        }
        added.append(id)
        return true
    }
}

/// What a decision gives back: the step to write, and whatever the caller wants to keep if it was written.
public struct Decided<Output: Sendable>: Sendable {
    public var step: WatchStep
    public var output: Output

    public init(_ step: WatchStep, _ output: Output) {
        self.step = step
        self.output = output
    }
}

/// A step that is in the database.
public struct Committed<Output: Sendable>: Sendable {
    public var output: Output
    /// Ids of the step's journal rows in order; nil where the row's key was taken.
    public var journal: [Int64?]
}
