public import Core
internal import GRDB

extension FleetStore {
    /// Writes what one event made the orchestrator decide, in one transaction: all of it or nothing.
    ///
    /// With `room` nothing is written where others have taken it meanwhile; then their number is returned. Throws
    /// ``StoreError/taskNotFound(branch:similar:)`` when somebody removed a task meanwhile.
    @discardableResult
    public func commit(
        _ orchestration: OrchestrationStep, for subject: Subject, at now: Timestamp,
        within room: HostRoom? = nil
    ) async throws(StoreError) -> Int? {
        try await write { [fleet] db in
            if let room {
                let others = room.count(try Self.hostTenants(beside: fleet, db))
                guard room.own + others <= room.most else { return others }
            }
            for (branch, standing) in orchestration.changes.tasks {
                try Self.save(standing, of: branch, fleet, db)
            }
            for command in orchestration.changes.commands {
                try TaskCommandRecord.save(command, fleet: fleet, db)
            }
            if !orchestration.changes.commands.isEmpty {
                try db.execute(
                    sql: """
                        INSERT INTO orchestrator (fleetID, nextNumber) VALUES (?1, ?2)
                        ON CONFLICT (fleetID) DO UPDATE SET nextNumber = max(nextNumber, ?2)
                        """, arguments: [fleet.rawValue, orchestration.changes.nextNumber])
            }
            if let decision = orchestration.decision { try Self.insert(decision, fleet, db) }
            _ = try StepWriter(fleet: fleet, subject: subject, generation: 0, now: now)
                .write(orchestration.step, db)
            return nil
        }
    }

    /// Everything about tasks at this moment.
    public func orchestratorBoard(decisions: Int = 20) async throws(StoreError) -> OrchestratorBoard {
        try await read { [fleet] db in
            let tasks = try Self.tasks(fleet, db)
            let commands = Dictionary(
                grouping: try TaskCommandRecord.open(fleet: fleet, db), by: \.branch)
            let blocked = Self.blocked(tasks)
            let rows = tasks.map { task in
                OrchestratorBoard.Row(
                    task: task, blockedBy: blocked[task.id], commands: commands[task.id] ?? [],
                    status: Self.status(task, among: tasks, blockedBy: blocked[task.id]))
            }
            let decided = try Row.fetchAll(
                db, sql: "SELECT * FROM taskDecision WHERE fleetID = ? ORDER BY id DESC LIMIT ?",
                arguments: [fleet.rawValue, decisions]
            ).map(Self.decision)
            return OrchestratorBoard(rows: rows, decisions: decided)
        }
    }

    /// The same rule as the machine's, over what is stored.
    private static func blocked(_ tasks: [StoredTask]) -> [String: String] {
        guard let graph = try? TaskGraph(tasks.map(\.task)) else { return [:] }
        return graph.blockers(
            Dictionary(tasks.compactMap { task in task.standing.map { (task.id, $0) } }) { $1 })
    }

    private static func status(
        _ task: StoredTask, among tasks: [StoredTask], blockedBy: String?
    ) -> String {
        let state = task.state
        if state.isEnded { return state.rawValue }
        if task.standing?.isHeld == true { return "held" }
        if task.standing?.pause != nil { return "paused" }
        guard state == .waiting else { return state.rawValue }
        if blockedBy != nil { return "blocked" }
        let isReady = task.task.dependsOn.allSatisfy { name in tasks.first { $0.id == name }?.state == .done }
        return isReady ? "ready" : state.rawValue
    }

    private static func save(
        _ standing: TaskStanding?, of branch: String, _ fleet: FleetID, _ db: Database
    ) throws {
        guard let standing else {
            return try db.execute(
                sql: "DELETE FROM task WHERE fleetID = ? AND branch = ?",
                arguments: [fleet.rawValue, branch])
        }
        let statement = try db.cachedStatement(
            sql: "UPDATE task SET state = ?, standing = ? WHERE fleetID = ? AND branch = ?")
        try statement.execute(
            arguments: [standing.state.rawValue, try jsonText(standing), fleet.rawValue, branch])
        // It was removed meanwhile: whoever decided this must look again.
        guard db.changesCount > 0 else { throw StoreError.taskNotFound(branch: branch, similar: []) }
    }

    private static func insert(_ decision: RecordedDecision, _ fleet: FleetID, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO taskDecision
                    (fleetID, branch, at, prompt, inputHash, milliseconds, outcome, output, reason)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                fleet.rawValue, decision.branch, decision.at.milliseconds, decision.prompt.rawValue,
                decision.inputHash, decision.duration.inMilliseconds, decision.outcome, decision.output,
                decision.reason,
            ])
    }

    private static func decision(_ row: Row) throws -> RecordedDecision {
        RecordedDecision(
            branch: row["branch"], at: row.time("at"), prompt: try row.word("prompt"),
            inputHash: row["inputHash"], duration: .milliseconds(row["milliseconds"] as Int64),
            outcome: row["outcome"], output: row["output"], reason: row["reason"])
    }
}
