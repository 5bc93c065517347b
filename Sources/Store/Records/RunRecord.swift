internal import Core
internal import GRDB

/// A row of `run` with its rows of `stageRun`.
enum RunRecord {
    static func fetch(
        _ db: Database, where condition: String, _ arguments: StatementArguments
    ) throws -> [PipelineRun] {
        let rows = try Row.fetchAll(
            db, sql: "SELECT * FROM run WHERE \(condition) ORDER BY startedAt, rowid", arguments: arguments)
        guard !rows.isEmpty else { return [] }
        let stageRows = try Row.fetchAll(
            db,
            sql: """
                SELECT stageRun.* FROM stageRun JOIN run ON run.id = stageRun.run
                WHERE \(condition) ORDER BY stageRun.run, position
                """, arguments: arguments)
        var stages: [String: [StageRun]] = [:]
        // Most stages remember the same nothing, and decoding is what costs here.
        var memories: [String: StageMemory] = [:]
        for row in stageRows { stages[row["run"], default: []].append(try stage(row, &memories)) }
        return try rows.map { try run($0, stages: stages[$0["id"]] ?? []) }
    }

    private static func run(_ row: Row, stages: [StageRun]) throws -> PipelineRun {
        PipelineRun(
            id: RunID(row["id"] as String), pipeline: row["pipeline"], subject: try row.subject(),
            state: try row.word("state"), cause: row["cause"],
            marker: (row["marker"] as String?) == nil ? nil : try row.json("marker"), hook: row["hook"],
            commit: row["commitID"], startedAt: row.time("startedAt"), endedAt: row.optionalTime("endedAt"),
            stages: stages)
    }

    private static func stage(_ row: Row, _ memories: inout [String: StageMemory]) throws -> StageRun {
        let text: String = row["memory"]
        let memory = try memories[text] ?? row.json("memory")
        memories[text] = memory
        return StageRun(
            name: row["name"], state: try row.word("state"), attempt: row["attempt"],
            since: row.time("since"),
            reason: row["reason"], memory: memory)
    }

    /// Inserts or updates runs; those that ended come first, so that a successor finds its place free.
    static func save(_ runs: [PipelineRun], fleet: FleetID, _ db: Database) throws {
        for run in runs where run.endedAt != nil { try save(run, fleet, db) }
        for run in runs where run.endedAt == nil { try save(run, fleet, db) }
    }

    private static func save(_ run: PipelineRun, _ fleet: FleetID, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO run
                    (id, fleetID, subject, pipeline, state, cause, marker, hook, commitID, startedAt, endedAt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, cause = excluded.cause,
                    marker = excluded.marker, hook = excluded.hook, commitID = excluded.commitID,
                    startedAt = excluded.startedAt, endedAt = excluded.endedAt
                """)
        try statement.execute(
            arguments: [
                run.id.rawValue, fleet.rawValue, run.subject.key, run.pipeline, run.state.rawValue, run.cause,
                try run.marker.map { try jsonText($0) }, run.hook, run.commit, run.startedAt.milliseconds,
                run.endedAt?.milliseconds,
            ])
        for (position, stage) in run.stages.enumerated() { try save(stage, position, of: run, db) }
    }

    private static func save(_ stage: StageRun, _ position: Int, of run: PipelineRun, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO stageRun (run, position, name, state, attempt, since, reason, memory)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (run, position) DO UPDATE SET name = excluded.name, state = excluded.state,
                    attempt = excluded.attempt, since = excluded.since, reason = excluded.reason,
                    memory = excluded.memory
                WHERE (state, attempt, since, reason, memory) IS NOT
                    (excluded.state, excluded.attempt, excluded.since, excluded.reason, excluded.memory)
                """)
        try statement.execute(
            arguments: [
                run.id.rawValue, position, stage.name, stage.state.rawValue, stage.attempt,
                stage.since.milliseconds, stage.reason, try jsonText(stage.memory),
            ])
    }
}
