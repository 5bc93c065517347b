import Core
import GitKit
import SystemPackage

@testable import Fleet
@testable import Store
@testable import Web

/// Boards made of values.
enum SampleBoard {
    static let now = Timestamp(milliseconds: 1_800_000_000_000)

    static func board(
        agents: [BoardAgent] = [], approvals: [BoardApproval] = [],
        tasks: [OrchestratorBoard.Row] = []
    ) -> Board {
        Board(
            at: now, fleet: "shop", isWatched: true, isTrusted: true, agents: agents, approvals: approvals,
            runs: [], journal: [], notices: [], policy: BoardPolicy(policy: Policy(pipelines: [])),
            tasks: tasks, hasSummaries: true)
    }

    static func agent(
        _ number: Int = 1, branch: String = "feature/x", state: AgentState = .working, task: String? = nil,
        template: String? = nil, lastLine: String? = nil, command: String = "sh"
    ) -> BoardAgent {
        let agent = Agent(
            id: AgentID("agent-\(number)"),
            place: AgentPlace(
                branch: branch, worktree: FilePath("/r/\(number)"), session: SessionName("agent-\(number)")),
            program: AgentProgram(
                command: command, profile: "default", kind: "shell", model: "sonnet", template: template,
                task: task,
                searchPath: "/bin"),
            pane: RecordedPane(
                server: TmuxServerID(socket: "/s", pid: 1, startTime: 1),
                pane: PaneID("%\(number)") ?? fallback),
            spawn: SpawnProgress(phase: .ready), condition: AgentCondition(state, since: now), createdAt: now)
        var snapshot = AgentSnapshot(agent: agent, state: state, since: now, pendingApprovals: 0)
        snapshot.ahead = 2
        snapshot.behind = 0
        snapshot.isDirty = true
        return BoardAgent(
            snapshot: snapshot, lastLine: lastLine,
            states: [StateSpan(state: state, from: now.advanced(by: .seconds(-600)), to: nil)])
    }

    static func approval(
        _ question: String, id: String = "ap-1", state: Approval.State = .pending, channels: [String] = []
    ) -> BoardApproval {
        BoardApproval(
            approval: Approval(
                id: ApprovalID(id), purpose: .stageStart, subject: .mainCheckout, run: RunID("r"),
                pipeline: "ci", stage: "deploy", attempt: 1, question: question, state: state, createdAt: now,
                expiresAt: now.advanced(by: .seconds(3600)), onExpire: .rejected),
            branch: "feature/x", diff: DiffStat(), channels: channels)
    }

    /// A task that runs, with a command that waits for a person.
    static func task(
        _ branch: String, title: String, status: String = "running", blockedBy: String? = nil,
        after: [String] = []
    ) -> OrchestratorBoard.Row {
        var standing = TaskStanding(phase: title, at: now)
        standing.state = .running
        standing.reason = title
        standing.deciding.blockers = [title]
        let command = QueuedCommand(
            id: "cmd-1", number: 1, branch: branch, content: DecidedCommand(text: title), state: .confirming,
            createdAt: now, dueAt: now)
        return OrchestratorBoard.Row(
            task: StoredTask(
                task: PlannedTask(branch: branch, title: title, dependsOn: after), source: .file,
                standing: standing),
            blockedBy: blockedBy, commands: [command], status: status)
    }

    static func run(_ stages: [StageRun], state: PipelineRun.State, spans: [StageSpan], ended: Timestamp?)
        -> BoardRun
    {
        BoardRun(
            run: PipelineRun(
                id: RunID("run-1"), pipeline: "ci", subject: .mainCheckout, state: state,
                startedAt: now.advanced(by: .seconds(-100)), endedAt: ended, stages: stages),
            branch: "main", spans: spans, explanation: stages.map { $0.reason.map { [.reason($0)] } ?? [] })
    }

    private static let fallback = PaneID("%0") ?? { preconditionFailure("%0 is a pane") }()
}
