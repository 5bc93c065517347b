public import Core
public import SystemPackage

/// A repository with a fleet, as the database knows it.
public struct FleetRegistration: Sendable, Equatable, Identifiable {
    public let id: FleetID
    public var name: String
    public var path: FilePath

    public init(id: FleetID, name: String, path: FilePath) {
        self.id = id
        self.name = name
        self.path = path
    }
}

/// Whether a fleet is known at a place, and whether a person agreed to what its settings may run there.
public struct FleetStanding: Sendable, Equatable {
    public var registration: FleetRegistration?
    public var isTrusted: Bool
}

/// What git said about a worktree, and when.
public struct GitFact: Sendable, Equatable {
    public var worktree: FilePath
    public var branch: String
    public var head: String?
    public var ahead: Int?
    public var behind: Int?
    public var isDirty: Bool?
    public var at: Timestamp

    public init(
        worktree: FilePath, branch: String, head: String?, ahead: Int?, behind: Int?, isDirty: Bool?,
        at: Timestamp
    ) {
        self.worktree = worktree
        self.branch = branch
        self.head = head
        self.ahead = ahead
        self.behind = behind
        self.isDirty = isDirty
        self.at = at
    }
}

/// A number for `/metrics`: a name with labels.
public struct Counter: Sendable, Equatable {
    public var name: String
    public var labels: [String: String]
    public var value: Double
}

/// What to add to a counter.
public struct CounterIncrement: Sendable, Equatable {
    public var name: String
    public var labels: [String: String]
    public var amount: Double

    public init(_ name: String, labels: [String: String] = [:], by amount: Double = 1) {
        self.name = name
        self.labels = labels
        self.amount = amount
    }
}

/// What a long-running process does for a fleet; one process per fleet and role.
public enum DaemonRole: String, Sendable, CaseIterable { case watch, orchestrate, relay, deliver }

/// A daemon as it registered itself; whether it still lives is the reader's question.
public struct DaemonRegistration: Sendable, Equatable {
    public var role: DaemonRole
    public var process: RecordedProcess
    /// Its `tmux -C` client, which outlives a killed daemon and must be ended by the next one.
    public var controlClient: RecordedProcess?
    public var since: Timestamp

    public init(
        role: DaemonRole, process: RecordedProcess, controlClient: RecordedProcess? = nil, since: Timestamp
    ) {
        self.role = role
        self.process = process
        self.controlClient = controlClient
        self.since = since
    }
}

/// What became of an answer to an approval.
public enum AnswerOutcome: Sendable, Equatable {
    /// This answer counts.
    case recorded(Approval)
    /// Somebody was earlier, or it was withdrawn; the approval tells who and what.
    case late(Approval)
    /// Its time had run out; the approval tells what expiry did.
    case expired(Approval)
}
