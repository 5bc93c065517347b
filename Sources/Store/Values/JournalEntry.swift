public import Core

/// What kind of fact a journal row holds; kinds are added, never renamed.
public struct JournalKind: Sendable, Hashable, CustomStringConvertible {
    public let rawValue: String
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }

    /// A signal that came by `tmux-agent emit`, an agent's hook or a webhook; the daemon hands it to the policies.
    public static let emit = JournalKind("emit")
    public static let gitHook = JournalKind("git.hook")
    public static let marker = JournalKind("marker")
    public static let agentAdded = JournalKind("agent.added")
    public static let agentStarted = JournalKind("agent.started")
    public static let agentState = JournalKind("agent.state")
    public static let agentRemoved = JournalKind("agent.removed")
    public static let runChanged = JournalKind("run.changed")
    public static let stageChanged = JournalKind("stage.changed")
    public static let actionEnded = JournalKind("action.ended")
    public static let approvalAsked = JournalKind("approval.asked")
    public static let approvalAnswered = JournalKind("approval.answered")
    public static let approvalCancelled = JournalKind("approval.cancelled")
    /// A person asks for a reset or a retry: `request`, `pipeline`, `stage`.
    public static let policyRequested = JournalKind("policy.requested")
    /// The daemon took the policy file up (`pipelines`), or refused an edit (`refused`: every problem).
    public static let policyLoaded = JournalKind("policy.loaded")
    /// A stage told people by a code of `escalate`: `code`, `title`.
    public static let escalated = JournalKind("escalated")
    /// What git said of a worktree beside a stage, for gates: `moment`, `attempt`, `head`, `changed`, `untracked`.
    public static let stageWitnessed = JournalKind("stage.witnessed")
    /// A push was let through: `reference`, `commit`, `remote`, `stages`.
    public static let gatePassed = JournalKind("gate.passed")
    public static let gateRefused = JournalKind("gate.refused")
    /// A remote's branch moved to a commit that no gate let through.
    public static let gateBypassed = JournalKind("gate.bypassed")
    /// Gates are watched from here on.
    public static let gateWatched = JournalKind("gate.watched")
    /// Somebody at a page typed into an agent: `through`, `text` or `keys`, `by`.
    public static let agentOrdered = JournalKind("agent.ordered")
    /// A line of the local bus is typed into an agent: `id`, `branch`, `sender`, `item`.
    public static let busCommand = JournalKind("bus.command")
    /// A line of the local bus is not acted on: `file`, `id`, `reason`.
    public static let busRefused = JournalKind("bus.refused")
    /// `tasks add` and `tasks import`: `branch`.
    public static let taskAdded = JournalKind("task.added")
    /// `tasks remove`: `branch`.
    public static let taskRemoved = JournalKind("task.removed")
    /// A person asks something of a task: `branch`, `request`.
    public static let taskRequested = JournalKind("task.requested")
    /// `branch`, `from`, `to`, `why`.
    public static let taskChanged = JournalKind("task.changed")
    /// A task needs a person: `branch`, `reason`, `detail`.
    public static let taskAlarm = JournalKind("task.alarm")
    /// A pane that was not spawned here was found, or is called otherwise: `session`, `window`, `kind`.
    public static let paneSeen = JournalKind("pane.seen")
    public static let tapGap = JournalKind("tap.gap")
    /// tmux shows another screen than the tap gives: `row`, `read`, `tmux`.
    public static let screenDiffers = JournalKind("screen.differs")
    public static let journalPruned = JournalKind("journal.pruned")
}

/// A journal row before it is written.
public struct JournalDraft: Sendable, Equatable {
    public var subject: Subject
    public var kind: JournalKind
    /// Who says so, such as `screen`, `emit`, `cli`, `daemon` or `claude-hook`.
    public var source: String
    public var payload: JSONObject
    /// Where in the subject's tap it was read.
    public var tapOffset: Int64?
    public var run: RunID?
    public var stage: String?
    /// Writing a second row with the same key does nothing.
    public var key: String?

    public init(
        subject: Subject, kind: JournalKind, source: String, payload: JSONObject = JSONObject(),
        tapOffset: Int64? = nil, run: RunID? = nil, stage: String? = nil, key: String? = nil
    ) {
        self.subject = subject
        self.kind = kind
        self.source = source
        self.payload = payload
        self.tapOffset = tapOffset
        self.run = run
        self.stage = stage
        self.key = key
    }
}

/// A row of the append-only record; ids grow in the order of commits.
public struct JournalEntry: Sendable, Equatable, Identifiable {
    public let id: Int64
    public var at: Timestamp
    public var draft: JournalDraft

    public init(id: Int64, at: Timestamp, draft: JournalDraft) {
        self.id = id
        self.at = at
        self.draft = draft
    }

    public var subject: Subject { draft.subject }
    public var kind: JournalKind { draft.kind }
    public var payload: JSONObject { draft.payload }
}

/// What became of an emitted signal.
public struct Emission: Sendable, Equatable {
    public var id: Int64
    /// False when the key had been written before; `id` is then the earlier row's.
    public var isNew: Bool
}
