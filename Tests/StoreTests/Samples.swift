import Core
import ProcessKit
import Store
import SystemPackage
import TestSupport

/// Where a tested database lives.
enum Medium: CaseIterable, Sendable {
    case memory, file
}

let shop = FleetID("fleet-shop")
let noon = Timestamp(milliseconds: 1_767_268_800_000)

func later(_ seconds: Int64) -> Timestamp { noon.advanced(by: .seconds(seconds)) }

/// Runs `body` on the registered fleet of a new, empty database.
func withFleet<Result>(
    _ medium: Medium = .memory, _ body: (FleetStore) async throws -> Result
) async throws -> Result {
    switch medium {
    case .memory:
        let fleet = try Store.inMemory().fleet(shop)
        try await register(fleet)
        return try await body(fleet)
    case .file:
        return try await withFile { path in
            let store = try Store.open(path: path, role: .daemon, now: noon)
            let fleet = store.fleet(shop)
            try await register(fleet)
            let result = try await body(fleet)
            try store.close()
            return result
        }
    }
}

/// Runs `body` with two connections of two stores on one file, as two processes would have.
func withTwoStores<Result>(_ body: (FleetStore, FleetStore) async throws -> Result) async throws -> Result {
    try await withFile { path in
        let daemon = try Store.open(path: path, role: .daemon, now: noon)
        let command = try Store.open(path: path, role: .command, now: noon)
        try await register(daemon.fleet(shop))
        let result = try await body(daemon.fleet(shop), command.fleet(shop))
        try command.close()
        try daemon.close()
        return result
    }
}

/// Runs `body` with the path of a database that is not there yet.
func withFile<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
    try await withTemporaryFolder { folder in
        try await body(folder.appending("home").appending("state.db"))
    }
}

func register(_ fleet: FleetStore) async throws {
    try await fleet.register(
        FleetRegistration(id: fleet.fleet, name: "shop", path: FilePath("/repo/shop")), at: noon)
}

func agent(
    _ id: String = "agent-1", branch: String = "feature/a", session: String? = nil, ownCommand: Bool = false
) -> Agent {
    Agent(
        id: AgentID(id),
        place: AgentPlace(
            branch: branch, worktree: FilePath("/repo/shop/.tmuxagent/worktrees/\(id)"),
            session: SessionName(session ?? "agent-\(id)"), base: "main", baseCommit: "abc123"),
        program: AgentProgram(
            command: "claude --model {model}", hasOwnCommand: ownCommand, profile: "agent", kind: "claude",
            model: "sonnet",
            template: "implementation", task: "do 'it'\nnow", searchPath: "/usr/bin:/bin",
            environment: ["A": "b \"c\"", "Ü": "é"]),
        spawn: SpawnProgress(
            phase: .planned, spawner: RecordedProcess(pid: 42, startTime: 4711), madeBranch: true),
        condition: AgentCondition(.starting, since: noon), createdAt: noon)
}

func run(
    _ id: String, _ subject: Subject = .agent(AgentID("agent-1")), pipeline: String = "ci",
    state: PipelineRun.State = .running, stages: [StageRun]? = nil, at time: Timestamp = noon
) -> PipelineRun {
    PipelineRun(
        id: RunID(id), pipeline: pipeline, subject: subject, state: state, cause: "{\"a\":1}",
        marker: Marker(payload: ["type": "STATUS", "n": 3]), hook: "post-commit", commit: "c0ffee",
        startedAt: time, endedAt: [.queued, .running].contains(state) ? nil : time,
        stages: stages ?? [
            StageRun(name: "lint", state: .running, attempt: 1, since: time),
            StageRun(name: "test", state: .idle, since: time, reason: "waits for lint"),
        ])
}

func item(
    _ id: String, _ subject: Subject = .agent(AgentID("agent-1")), run: String? = nil,
    action: Action = .sendKeys(text: "npm test", enter: true), due: Timestamp = noon
) -> OutboxItem {
    OutboxItem(
        id: OutboxID(id), subject: subject, run: run.map { RunID($0) }, stage: run == nil ? nil : "lint",
        attempt: 1, action: action, createdAt: noon, dueAt: due)
}

func approval(
    _ id: String, run: String = "run-1", stage: String = "lint", attempt: Int = 1,
    expires: Timestamp? = nil, onExpire: Approval.State? = nil
) -> Approval {
    Approval(
        id: ApprovalID(id), purpose: .stageStart, subject: .agent(AgentID("agent-1")), run: RunID(run),
        pipeline: "ci", stage: stage, attempt: attempt, question: "Deploy?", createdAt: noon,
        expiresAt: expires, onExpire: onExpire)
}

func answer(
    _ decision: ApprovalAnswer.Decision, by name: String = "ada", at time: Timestamp = later(1)
) -> ApprovalAnswer {
    ApprovalAnswer(decision: decision, by: name, through: "cli", at: time, reason: "because")
}

/// Writes runs, actions or questions as a watcher's step would.
func put(
    _ fleet: FleetStore, runs: [PipelineRun] = [], outbox: [OutboxItem] = [], approvals: [Approval] = []
) async throws {
    var step = WatchStep()
    step.runs = runs
    step.outbox = outbox
    step.approvals = approvals
    try await fleet.commit(step, for: .agent(AgentID("agent-1")), at: noon)
}

/// Runs the sqlite3 program on a database, as a process that knows nothing of ours.
func sqlite3(_ path: FilePath, _ sql: String) async throws -> CommandResult {
    try await CommandRunner().run(
        Command(
            "sqlite3", ["-batch", "-cmd", ".timeout 5000", path.string, sql],
            environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], timeout: .seconds(30)))
}
