public import Core
public import Fleet
public import GitKit
public import Store
internal import SystemPackage

/// Every fact of a fleet at one moment, as pages and interfaces show it.
public struct Board: Sendable {
    public var at: Timestamp
    public var fleet: String
    /// Whether a daemon watches; without one, states are what tmux says just now.
    public var isWatched: Bool
    public var isTrusted: Bool
    public var agents: [BoardAgent]
    /// Open questions, the oldest first.
    public var approvals: [BoardApproval]
    /// The last run of each subject and pipeline, the newest first.
    public var runs: [BoardRun]
    /// The end of the journal, the newest first.
    public var journal: [BoardEntry]
    /// What people were told, the newest first.
    public var notices: [BoardNotice]
    public var policy: BoardPolicy
    /// The orchestrator's tasks, in the order of the plan; empty without a plan.
    public var tasks: [OrchestratorBoard.Row] = []
    /// Whether a process runs them.
    public var isOrchestrated = false
    /// When their process was last seen to have made a turn; nil until it makes one.
    public var orchestratorBeat: Timestamp?
    /// Whether fleet.toml names a command that sums panes up.
    public var hasSummaries: Bool
    /// Panes that `run` watches; none in a fleet.
    public var panes: [BoardPane] = []
    /// What begins the watching, where nobody watches.
    public var watchCommand = "tmux-agent up"

    /// How many agents are in each state.
    public var counts: [AgentState: Int] {
        Dictionary((agents.map(\.snapshot.state) + panes.map(\.state)).map { ($0, 1) }, uniquingKeysWith: +)
    }

    /// The agent that `name` means: an agent's id, its pane's such as `%3`, its branch or its session.
    public func agent(_ name: String) -> BoardAgent? {
        guard let agent = agents.map(\.snapshot.agent).meant(by: name).first else { return nil }
        return agents.first { $0.id == agent.id }
    }

    /// Agents with a pane that nobody else has by now.
    var agentsWithPanes: [BoardAgent] {
        let all = agents.map(\.snapshot.agent)
        return agents.filter { agent in
            guard let pane = agent.snapshot.agent.pane?.pane else { return false }
            return all.living(in: pane).contains { $0.id == agent.id }
        }
    }

    /// The name of the file that a pane prints into, by what addresses call the pane; nil when there is none.
    func tapName(of name: String) -> String? {
        if let agent = agent(name) { return agent.snapshot.agent.tap?.lastComponent?.string }
        return panes.first { BoardPane.isNamed(name, $0.watched.pane) }.map { "\($0.id).tap" }
    }
}

/// An agent with what it said last.
public struct BoardAgent: Sendable, Identifiable {
    public var snapshot: AgentSnapshot
    /// The last line that says something, made visible; nil when there is none.
    public var lastLine: String?
    /// What it did during the last hour, oldest first.
    public var states: [StateSpan]

    public var id: AgentID { snapshot.agent.id }
}

/// A while in which an agent was in one state.
public struct StateSpan: Sendable, Equatable {
    public var state: AgentState
    public var from: Timestamp
    /// Nil while it lasts.
    public var to: Timestamp?
}

/// A question with what a person wants to know before answering it.
public struct BoardApproval: Sendable, Identifiable {
    public var approval: Approval
    /// Nil for the main checkout on a detached HEAD, and for agents whose rows are gone.
    public var branch: String?
    public var diff: DiffStat?
    /// Through what alone it may be answered; empty: through anything.
    public var channels: [String]

    public var id: ApprovalID { approval.id }
    /// Whether the page may answer it.
    public var allowsWeb: Bool { channels.isEmpty || channels.contains("web") }
}

/// A run with its history.
public struct BoardRun: Sendable, Identifiable {
    public var run: PipelineRun
    public var branch: String?
    public var spans: [StageSpan]
    /// What each stage waits for or why it is as it is, in the order of the stages.
    public var explanation: [[PolicyExplanation.Clause]]

    public var id: RunID { run.id }
}

/// A while in which a stage was in one state.
public struct StageSpan: Sendable, Equatable {
    public var stage: String
    public var state: StageState
    /// From 1; over 1 it was tried again.
    public var attempt: Int
    public var from: Timestamp
    /// Nil while it lasts.
    public var to: Timestamp?
}

/// A journal row with the branch that it is about.
public struct BoardEntry: Sendable, Identifiable {
    public var entry: JournalEntry
    public var branch: String?

    public var id: Int64 { entry.id }
}

/// A message to people, and what became of it.
public struct BoardNotice: Sendable, Identifiable {
    public var id: String
    public var at: Timestamp
    public var notice: Notice
    public var branch: String?
    /// Channels with the state of their delivery.
    public var deliveries: [String: String]
    /// The question that it is about, and on what occasion.
    public var question: (occasion: ApprovalNoticeID.Occasion, approval: Approval)?

    public init(
        id: String, at: Timestamp, notice: Notice, branch: String?, deliveries: [String: String] = [:]
    ) {
        self.id = id
        self.at = at
        self.notice = notice
        self.branch = branch
        self.deliveries = deliveries
    }

    init(_ recorded: RecordedNotice, approval: Approval? = nil) {
        var notice = recorded.notice
        if recorded.counted > 0 { notice.title += " (×\(recorded.counted + 1))" }
        self.init(
            id: String(recorded.id), at: recorded.at, notice: notice, branch: recorded.branch,
            deliveries: Dictionary(recorded.standings.map { ($0.channel, $0.state.rawValue) }) { $1 })
        if let approval, let id = ApprovalNoticeID(OutboxID(recorded.key)) {
            question = (id.occasion, approval)
        }
    }
}

/// The policy in force, or why it cannot be used.
public struct BoardPolicy: Sendable {
    public var policy: Policy?
    /// Every problem of the file, for people.
    public var problem: String?
}
