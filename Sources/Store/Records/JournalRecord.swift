internal import Core
internal import GRDB

/// A row of `journal`.
struct JournalRecord: FetchableRecord {
    var entry: JournalEntry

    init(row: Row) throws {
        let text: String = row["payload"]
        guard let payload = try? JSONValue.parse(text) else {
            throw RowDecodingProblem(column: "payload", value: String(text.prefix(200)))
        }
        entry = JournalEntry(
            id: row["id"], at: row.time("at"),
            draft: JournalDraft(
                subject: try row.subject(), kind: JournalKind(row["kind"]), source: row["source"],
                payload: payload.object ?? JSONObject(), tapOffset: row["tapOffset"],
                run: (row["run"] as String?).map { RunID($0) }, stage: row["stage"], key: row["key"]))
    }

    /// Appends a row; nil when its key was there already.
    static func append(
        _ draft: JournalDraft, fleet: FleetID, at now: Timestamp, _ db: Database
    ) throws -> Int64? {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO journal (fleetID, at, subject, kind, source, payload, tapOffset, run, stage, key)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fleetID, key) WHERE key IS NOT NULL DO NOTHING
                """)
        try statement.execute(
            arguments: [
                fleet.rawValue, now.milliseconds, draft.subject.key, draft.kind.rawValue, draft.source,
                JSONValue.object(draft.payload).serialized(), draft.tapOffset, draft.run?.rawValue,
                draft.stage,
                draft.key,
            ])
        return db.changesCount > 0 ? db.lastInsertedRowID : nil
    }
}
