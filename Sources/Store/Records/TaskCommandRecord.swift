internal import Core
internal import GRDB

/// A row of `taskCommand`.
struct TaskCommandRecord: FetchableRecord {
    var command: QueuedCommand

    init(row: Row) throws {
        command = QueuedCommand(
            id: row["id"], number: row["number"], branch: row["branch"], content: try row.json("content"),
            state: try row.word("state"), approval: (row["approval"] as String?).map { ApprovalID($0) },
            tries: row["tries"], createdAt: row.time("createdAt"), dueAt: row.time("dueAt"),
            startedAt: row.optionalTime("startedAt"), endedAt: row.optionalTime("endedAt"),
            isInterrupted: row["isInterrupted"], exitCode: row["exitCode"], detail: row["detail"])
    }

    /// Those that the orchestrator must still know.
    static func open(fleet: FleetID, _ db: Database) throws -> [QueuedCommand] {
        try fetchAll(
            db,
            sql: """
                SELECT * FROM taskCommand WHERE fleetID = ?
                    AND state IN ('queued', 'confirming', 'running', 'dead') ORDER BY number
                """, arguments: [fleet.rawValue]
        ).map(\.command)
    }

    static func save(_ command: QueuedCommand, fleet: FleetID, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO taskCommand (id, fleetID, number, branch, content, state, approval, tries,
                    createdAt, dueAt, startedAt, endedAt, isInterrupted, exitCode, detail)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO UPDATE SET state = excluded.state, tries = excluded.tries,
                    tapOffset = CASE WHEN tries = excluded.tries THEN tapOffset END,
                    createdAt = excluded.createdAt, dueAt = excluded.dueAt, startedAt = excluded.startedAt,
                    endedAt = excluded.endedAt, isInterrupted = excluded.isInterrupted,
                    exitCode = excluded.exitCode, detail = excluded.detail
                """)
        try statement.execute(
            arguments: [
                command.id, fleet.rawValue, command.number, command.branch, try jsonText(command.content),
                command.state.rawValue, command.approval?.rawValue, command.tries,
                command.createdAt.milliseconds, command.dueAt.milliseconds, command.startedAt?.milliseconds,
                command.endedAt?.milliseconds, command.isInterrupted, command.exitCode, command.detail,
            ])
    }
}
