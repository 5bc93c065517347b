import Core
import Fleet
import Store
import SystemPackage

/// Rows as a daemon would write them.
extension SiteFixture {
    static let agent = AgentID("agent-0000000000001")

    /// An agent on branch `feature/a` that was in pane `%3` of a server that is gone.
    func addAgent(
        branch: String = "feature/a", id: AgentID = agent, pane: String = "%3", serverPID: Int32 = 1
    ) async throws {
        let now = clock.now()
        try await context.store.insert(
            Agent(
                id: id,
                place: AgentPlace(
                    branch: branch, worktree: folder.appending("wt-\(id)"),
                    session: SessionName("agent-\(branch.replacing("/", with: "-"))")),
                program: AgentProgram(
                    command: "claude", profile: "agent", kind: "claude", model: "sonnet", searchPath: "/bin"),
                spawn: SpawnProgress(phase: .ready), condition: AgentCondition(.idle, since: now),
                createdAt: now), at: now)
        guard let pane = PaneID(pane) else { return }
        try await context.store.recordStart(
            id,
            pane: RecordedPane(
                server: TmuxServerID(socket: folder.appending("gone").string, pid: serverPID, startTime: 2),
                pane: pane),
            tap: context.logs.appending("\(id).tap"), at: now)
    }

    /// A task with a command in its queue.
    func addTask(branch: String = "feature/a") async throws {
        let now = clock.now()
        try await context.store.replaceFileTasks([PlannedTask(branch: branch)])
        let command = QueuedCommand(
            id: "cmd-1", number: 1, branch: branch, content: DecidedCommand(text: "make"), createdAt: now,
            dueAt: now)
        let changes = OrchestratorChanges(
            tasks: [branch: TaskStanding(phase: "planning", at: now)], commands: [command], nextNumber: 2)
        try await context.store.commit(OrchestrationStep(changes: changes), for: .mainCheckout, at: now)
    }

    /// A question in a run of its own.
    @discardableResult
    func ask(
        _ id: String = "ap-0000000000001", question: String = "Deploy now?", expires: Timestamp? = nil,
        onExpire: Approval.State? = nil, channels: [String] = []
    ) async throws -> ApprovalID {
        let now = clock.now()
        let subject = Subject.agent(Self.agent)
        let run = PipelineRun(
            id: RunID("run-\(id)"), pipeline: "ci-\(id)", subject: subject, state: .running, startedAt: now,
            stages: [StageRun(name: "deploy", state: .waitingApproval, since: now)])
        var step = WatchStep()
        step.runs = [run]
        step.approvals = [
            Approval(
                id: ApprovalID(id), purpose: .stageStart, subject: subject, run: run.id,
                pipeline: run.pipeline, stage: "deploy", attempt: 1, question: question, createdAt: now,
                expiresAt: expires, onExpire: onExpire)
        ]
        if !channels.isEmpty { step.approvalChannels = [ApprovalID(id): channels] }
        try await context.store.commit(step, for: subject, at: now)
        return ApprovalID(id)
    }
}
