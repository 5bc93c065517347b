internal import Core
internal import GRDB

/// A row of `outbox`.
struct OutboxRecord: FetchableRecord {
    var item: OutboxItem

    init(row: Row) throws {
        item = OutboxItem(
            id: OutboxID(row["id"] as String), subject: try row.subject(),
            run: (row["run"] as String?).map { RunID($0) }, stage: row["stage"], attempt: row["attempt"],
            action: try row.json("action"), state: try row.word("state"), createdAt: row.time("createdAt"),
            dueAt: row.time("dueAt"))
    }

    /// Adds a pending row unless its id is there already.
    static func insert(_ item: OutboxItem, fleet: FleetID, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO outbox
                    (id, fleetID, subject, run, stage, attempt, action, lane, state, createdAt, dueAt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?) ON CONFLICT (id) DO NOTHING
                """,
            arguments: [
                item.id.rawValue, fleet.rawValue, item.subject.key, item.run?.rawValue, item.stage,
                item.attempt, try jsonText(item.action), OutboxLane(item.action).rawValue,
                item.createdAt.milliseconds, item.dueAt.milliseconds,
            ])
    }

    static func fetch(_ id: OutboxID, fleet: FleetID, _ db: Database) throws -> OutboxItem? {
        try OutboxRecord.fetchOne(
            db, sql: "SELECT * FROM outbox WHERE fleetID = ? AND id = ?",
            arguments: [fleet.rawValue, id.rawValue])?.item
    }
}
