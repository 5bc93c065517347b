internal import Core
internal import GRDB
internal import SystemPackage

/// A row of `agent`.
struct AgentRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "agent"

    var fleet: FleetID
    var agent: Agent

    init(fleet: FleetID, agent: Agent) {
        self.fleet = fleet
        self.agent = agent
    }

    init(row: Row) throws {
        fleet = FleetID(row["fleetID"] as String)
        agent = Agent(
            id: AgentID(row["id"] as String),
            place: AgentPlace(
                branch: row["branch"], worktree: FilePath(row["worktree"] as String),
                session: SessionName(row["session"] as String), usesMainCheckout: row["usesMainCheckout"],
                base: row["base"], baseCommit: row["baseCommit"]),
            program: AgentProgram(
                command: row["command"], hasOwnCommand: row["hasOwnCommand"], profile: row["profile"],
                kind: row["kind"], model: row["model"], template: row["template"], task: row["task"],
                searchPath: row["searchPath"], environment: try row.texts("environment")),
            pane: try Self.pane(row),
            tap: (row["tap"] as String?).map { FilePath($0) },
            spawn: SpawnProgress(
                phase: try row.word("phase"), spawner: Self.process(row, "spawnerPID", "spawnerStartTime"),
                madeBranch: row["madeBranch"], madeWorktree: row["madeWorktree"]),
            condition: AgentCondition(
                try row.word("state"), waitingFor: try row.optionalWord("waitingFor"),
                exitStatus: row["exitStatus"], since: row.time("stateSince")),
            generation: row["generation"], createdAt: row.time("createdAt"),
            startedAt: row.optionalTime("startedAt"), removedAt: row.optionalTime("removedAt"))
    }

    func encode(to container: inout PersistenceContainer) throws {
        container["id"] = agent.id.rawValue
        container["fleetID"] = fleet.rawValue
        container["branch"] = agent.place.branch
        container["worktree"] = agent.place.worktree.string
        container["session"] = agent.place.session.rawValue
        container["usesMainCheckout"] = agent.place.usesMainCheckout
        container["base"] = agent.place.base
        container["baseCommit"] = agent.place.baseCommit
        container["command"] = agent.program.command
        container["hasOwnCommand"] = agent.program.hasOwnCommand
        container["profile"] = agent.program.profile
        container["kind"] = agent.program.kind
        container["model"] = agent.program.model
        container["template"] = agent.program.template
        container["task"] = agent.program.task
        container["searchPath"] = agent.program.searchPath
        container["environment"] = try jsonText(agent.program.environment)
        encodeRuntime(to: &container)
    }

    private func encodeRuntime(to container: inout PersistenceContainer) {
        container["serverSocket"] = agent.pane?.server.socket
        container["serverPID"] = agent.pane?.server.pid
        container["serverStartTime"] = agent.pane?.server.startTime
        container["pane"] = agent.pane?.pane.description
        container["panePID"] = agent.pane?.process?.pid
        container["paneStartTime"] = agent.pane?.process?.startTime
        container["tap"] = agent.tap?.string
        container["phase"] = agent.spawn.phase.rawValue
        container["spawnerPID"] = agent.spawn.spawner?.pid
        container["spawnerStartTime"] = agent.spawn.spawner?.startTime
        container["madeBranch"] = agent.spawn.madeBranch
        container["madeWorktree"] = agent.spawn.madeWorktree
        container["state"] = agent.condition.state.rawValue
        container["waitingFor"] = agent.condition.waitingFor?.rawValue
        container["exitStatus"] = agent.condition.exitStatus
        container["stateSince"] = agent.condition.since.milliseconds
        container["generation"] = agent.generation
        container["createdAt"] = agent.createdAt.milliseconds
        container["startedAt"] = agent.startedAt?.milliseconds
        container["removedAt"] = agent.removedAt?.milliseconds
    }

    private static func pane(_ row: Row) throws -> RecordedPane? {
        guard let text = row["pane"] as String? else { return nil }
        guard let pane = PaneID(text) else { throw RowDecodingProblem(column: "pane", value: text) }
        return RecordedPane(
            server: TmuxServerID(
                socket: row["serverSocket"], pid: row["serverPID"], startTime: row["serverStartTime"]),
            pane: pane, process: process(row, "panePID", "paneStartTime"))
    }

    static func process(_ row: Row, _ pid: String, _ startTime: String) -> RecordedProcess? {
        (row[pid] as Int32?).map { RecordedProcess(pid: $0, startTime: row[startTime]) }
    }
}
