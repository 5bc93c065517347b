public import Core
internal import GRDB

extension FleetStore {
    /// Deletes what ended before `time`, and says in the journal how much it was.
    ///
    /// Journal rows that some reader has not read yet stay, and so does everything of living agents and open runs.
    @discardableResult
    public func prune(before time: Timestamp, at now: Timestamp) async throws(StoreError) -> Pruned {
        try await write { [fleet] db in
            var pruned = Pruned()
            let scope: StatementArguments = [fleet.rawValue, time.milliseconds]
            pruned.journal = try Self.pruneJournal(fleet, before: time, db)
            try db.execute(sql: "DELETE FROM run WHERE fleetID = ? AND endedAt < ?", arguments: scope)
            pruned.runs = db.changesCount
            try db.execute(
                sql: "DELETE FROM outbox WHERE fleetID = ? AND run IS NULL AND endedAt < ?", arguments: scope)
            pruned.deliveries = try Self.pruneNotices(fleet, before: time, db)
            try Self.pruneTasks(scope, db)
            for table in ["tapPosition", "tapMark", "keyframe", "seenMarker"] {
                try db.execute(
                    sql: """
                        DELETE FROM \(table) WHERE fleetID = ?1 AND subject IN (
                            SELECT 'agent:' || id FROM agent WHERE fleetID = ?1 AND removedAt < ?2)
                        """, arguments: scope)
            }
            try db.execute(sql: "DELETE FROM agent WHERE fleetID = ? AND removedAt < ?", arguments: scope)
            pruned.agents = db.changesCount
            try db.execute(sql: "DELETE FROM gitFact WHERE fleetID = ? AND at < ?", arguments: scope)
            guard pruned != Pruned() else { return pruned }
            try Self.journal(pruned, before: time, fleet, now, db)
            return pruned
        }
    }

    /// Tasks stay: they are a plan, and a board that forgets what is done would begin it again.
    private static func pruneTasks(_ scope: StatementArguments, _ db: Database) throws {
        for condition in [
            "taskCommand WHERE fleetID = ? AND endedAt < ?", "taskDecision WHERE fleetID = ? AND at < ?",
            "approval WHERE fleetID = ? AND createdAt < ? AND purpose = 'command' AND state <> 'pending'",
        ] {
            try db.execute(sql: "DELETE FROM \(condition)", arguments: scope)
        }
    }

    /// The orchestrator's place counts for nothing: it moves only with what is about tasks, and a fleet may have none.
    ///
    /// The triggers of `journal` let rows go only while the row of `journalRetention` stands.
    private static func pruneJournal(
        _ fleet: FleetID, before time: Timestamp, _ db: Database
    ) throws -> Int {
        try db.execute(
            sql: "INSERT INTO journalRetention (id, before) VALUES (1, ?)", arguments: [time.milliseconds])
        try db.execute(
            sql: """
                DELETE FROM journal WHERE fleetID = ?1 AND at < ?2 AND id <= coalesce(
                    (SELECT min(position) FROM journalCursor WHERE fleetID = ?1 AND reader <> 'orchestrate'), id)
                """, arguments: [fleet.rawValue, time.milliseconds])
        let count = db.changesCount
        try db.execute(sql: "DELETE FROM journalRetention")
        return count
    }

    private static func journal(
        _ pruned: Pruned, before time: Timestamp, _ fleet: FleetID, _ now: Timestamp, _ db: Database
    ) throws {
        let payload: JSONObject = [
            "before": .string(time.iso8601), "journal": .integer(Int64(pruned.journal)),
            "runs": .integer(Int64(pruned.runs)), "agents": .integer(Int64(pruned.agents)),
            "deliveries": .integer(Int64(pruned.deliveries)),
        ]
        let draft = JournalDraft(
            subject: .mainCheckout, kind: .journalPruned, source: "store", payload: payload)
        _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
    }
}
