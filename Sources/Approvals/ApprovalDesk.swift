public import Core
public import Store

/// Where people see open questions and answer them.
///
/// It keeps people and agents from mistakes; it does not stop a hostile process of the same user.
public struct ApprovalDesk: Sendable {
    private let store: FleetStore

    public init(store: FleetStore) { self.store = store }

    /// Open questions, the oldest first; with `all` also answered ones, the newest first.
    public func questions(all: Bool = false) async throws -> [ApprovalQuestion] {
        let approvals = all ? try await store.approvals() : try await store.pendingApprovals()
        let branches = try await branches()
        return approvals.map { ApprovalQuestion($0, branch: branches[$0.subject]) }
    }

    /// The question that `text` means: an id, a unique beginning of one, or a branch or stage with one open
    /// question.
    ///
    /// A whole id is found in any state, everything else among open questions only. `onlyByID`: for messages that could be
    /// repeated by others, a name or a letter means nothing, for it may mean another question the next time.
    public func question(named text: String, onlyByID: Bool = false) async throws -> ApprovalQuestion {
        let branches = try await branches()
        if let approval = try await store.approval(ApprovalID(text)) {
            return ApprovalQuestion(approval, branch: branches[approval.subject])
        }
        let open = try await store.pendingApprovals().map {
            ApprovalQuestion($0, branch: branches[$0.subject])
        }
        return try ApprovalQuestion.find(text, among: open, onlyByID: onlyByID)
    }

    /// Answers for a person at a terminal; the first answer to a question wins.
    ///
    /// Throws ``ApprovalsError/askedInsideAgent(_:)`` before anything is looked up when the caller runs in an
    /// agent.
    public func answer(
        _ text: String, _ decision: ApprovalAnswer.Decision, reason: String?, by caller: TerminalCaller,
        at now: Timestamp
    ) async throws -> Approval {
        try await caller.refuseAgents()
        let question = try await question(named: text)
        let answer = ApprovalAnswer(
            decision: decision, by: caller.name, through: "cli", at: now, reason: reason)
        switch try await store.answer(question.approval.id, answer) {
        case .recorded(let approval): return approval
        case .expired(let approval): throw ApprovalsError.expired(approval)
        case .late(let approval) where approval.state == .cancelled:
            throw ApprovalsError.withdrawn(approval)
        case .late(let approval): throw ApprovalsError.answeredAlready(approval)
        }
    }

    private func branches() async throws -> [Subject: String] {
        let agents = try await store.agents(includingRemoved: true)
        return Dictionary(agents.map { ($0.subject, $0.place.branch) }) { _, last in last }
    }
}

/// Who answers at a terminal, and how to tell whether that is an agent.
public struct TerminalCaller: Sendable {
    /// The login name.
    public var name: String
    /// The calling process's environment.
    public var environment: [String: String]
    /// Whether the caller descends from the process of some agent's pane.
    public var hasAgentAncestor: @Sendable () async throws -> Bool

    public init(
        name: String, environment: [String: String],
        hasAgentAncestor: @escaping @Sendable () async throws -> Bool
    ) {
        self.name = name
        self.environment = environment
        self.hasAgentAncestor = hasAgentAncestor
    }

    public func isAgent() async throws -> Bool {
        do {
            try await refuseAgents()
            return false
        } catch is ApprovalsError {
            return true
        }
    }

    /// Throws ``ApprovalsError/askedInsideAgent(_:)`` when the caller runs in an agent.
    public func refuseAgents() async throws {
        if let id = environment["TMUX_AGENT_ID"] {
            throw ApprovalsError.askedInsideAgent(id.isEmpty ? nil : AgentID(id))
        }
        // An agent can drop the variable, but not its ancestors.
        if try await hasAgentAncestor() { throw ApprovalsError.askedInsideAgent(nil) }
    }
}
