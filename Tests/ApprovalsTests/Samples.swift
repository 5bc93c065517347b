import Core
import Store
import SystemPackage
import TestSupport

let noon = Timestamp(milliseconds: 1_767_268_800_000)

func later(_ seconds: Int64) -> Timestamp { noon.advanced(by: .seconds(seconds)) }

/// A fleet of two agents, `feature/a` in `%3` and `fix/b` in `%4`, in a database of its own.
func makeFleet(_ store: Store? = nil, id: String = "fleet-1") async throws -> FleetStore {
    let fleet = try (store ?? Store.inMemory()).fleet(FleetID(id))
    try await fleet.register(
        FleetRegistration(id: fleet.fleet, name: "shop", path: FilePath("/repo/\(id)")), at: noon)
    for (number, branch) in [(3, "feature/a"), (4, "fix/b")] {
        let agent = AgentID("\(id)-agent-\(number)")
        try await fleet.insert(
            Agent(
                id: agent,
                place: AgentPlace(
                    branch: branch, worktree: FilePath("/repo/\(id)/\(number)"),
                    session: SessionName("agent-\(number)")),
                program: AgentProgram(
                    command: "claude", profile: "agent", kind: "claude", searchPath: "/bin"),
                spawn: SpawnProgress(phase: .ready), condition: AgentCondition(.idle, since: noon),
                createdAt: noon), at: noon)
        try await move(fleet, number, toPane: "%\(number)")
    }
    return fleet
}

/// Starts an agent (again) in a pane.
func move(_ fleet: FleetStore, _ number: Int, toPane pane: String) async throws {
    guard let pane = PaneID(pane) else { return }
    let server = TmuxServerID(socket: "/tmp/\(fleet.fleet)", pid: 1, startTime: 2)
    try await fleet.recordStart(
        AgentID("\(fleet.fleet)-agent-\(number)"), pane: RecordedPane(server: server, pane: pane),
        tap: FilePath("/tap"), at: noon)
}

/// Asks a question in a run of its own.
@discardableResult
func ask(
    _ fleet: FleetStore, _ id: String, agent number: Int? = 3, stage: String = "deploy",
    question: String = "Deploy now?", expires: Timestamp? = nil, onExpire: Approval.State? = nil,
    channels: [String] = [], notices: Bool = false
) async throws -> ApprovalID {
    let subject = number.map { Subject.agent(AgentID("\(fleet.fleet)-agent-\($0)")) } ?? .mainCheckout
    let run = PipelineRun(
        id: RunID("run-\(id)"), pipeline: "ci-\(id)", subject: subject, state: .running, startedAt: noon,
        stages: [StageRun(name: stage, state: .waitingApproval, since: noon)])
    var step = WatchStep()
    step.runs = [run]
    step.approvals = [
        Approval(
            id: ApprovalID(id), purpose: .stageStart, subject: subject, run: run.id, pipeline: run.pipeline,
            stage: stage, attempt: 1, question: question, createdAt: noon, expiresAt: expires,
            onExpire: onExpire)
    ]
    if !channels.isEmpty { step.approvalChannels = [ApprovalID(id): channels] }
    if notices { step.outbox = step.approvals.flatMap { $0.notices(remind: .seconds(3600)) } }
    try await fleet.commit(step, for: subject, at: noon)
    return ApprovalID(id)
}
