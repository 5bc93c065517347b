public import Core
internal import GRDB

extension FleetStore {
    /// Deletes what ended before a time, and says in the journal how much it was.
    ///
    /// What something may still follow from stays: open runs; the last run of each pipeline of the main checkout, of every
    /// living agent and of every pane whose tap is read, for without it the pipeline would begin once more; the journal
    /// rows of runs that stay; rows that a reader has not read; which policy was taken up last; what living panes are
    /// called; what went through gates and around them. Many short transactions, so that nobody waits.
    @discardableResult
    public func prune(_ retention: Retention, at now: Timestamp) async throws(StoreError) -> Pruned {
        let before = retention.before
        var pruned = try await write { [fleet] db in try FleetPruning(fleet: fleet, before: before).run(db) }
        pruned.marks = try await pruneMarks(retention)
        pruned.journal = try await pruneJournal(retention)
        guard pruned != Pruned() else { return pruned }
        try await write { [fleet, pruned] db in try pruned.journal(before, fleet, now, db) }
        return pruned
    }

    /// Rows that are deleted in one transaction: a few milliseconds of it.
    private static let piece = 1000

    private func pruneJournal(_ retention: Retention) async throws(StoreError) -> Int {
        let loaded = try await newestEntry(.policyLoaded, of: .mainCheckout)?.id ?? 0
        var (count, last) = (0, Int64(0))
        while true {
            let ids = try await expiredRows(after: last, but: loaded, retention)
            guard let end = ids.last else { return count }
            count += try await write { db in try Self.delete(ids, before: retention.before, db) }
            last = end
        }
    }

    private func expiredRows(
        after last: Int64, but loaded: Int64, _ retention: Retention
    ) async throws(StoreError) -> [Int64] {
        try await read { [fleet] db in
            // The plus keeps SQLite on the order of ids.
            var sql = """
                SELECT id FROM journal WHERE +fleetID = ? AND id > ? AND id <> ? AND at < ?
                    AND kind NOT IN ('gate.watched', 'gate.passed', 'gate.bypassed')
                    AND (run IS NULL OR NOT EXISTS (SELECT 1 FROM run WHERE run.id = journal.run))
                    AND NOT (kind = 'pane.seen' AND subject IN (
                        SELECT subject FROM tapPosition WHERE fleetID = ?))
                """
            var arguments: StatementArguments = [
                fleet.rawValue, last, loaded, retention.before.milliseconds, fleet.rawValue,
            ]
            for reader in retention.readers {
                let kinds = reader.kinds.map { _ in "?" }.joined(separator: ", ")
                sql += """
                     AND NOT (kind IN (\(kinds)) AND id > coalesce((
                        SELECT position FROM journalCursor WHERE fleetID = ? AND reader = ?), 0))
                    """
                arguments += StatementArguments(reader.kinds.map(\.rawValue))
                arguments += [fleet.rawValue, reader.name]
            }
            arguments += [Self.piece]
            return try Int64.fetchAll(db, sql: sql + " ORDER BY id LIMIT ?", arguments: arguments)
        }
    }

    /// The triggers of `journal` let rows go only while the row of `journalRetention` stands.
    private static func delete(_ ids: [Int64], before time: Timestamp, _ db: Database) throws -> Int {
        try db.execute(
            sql: "INSERT INTO journalRetention (id, before) VALUES (1, ?)", arguments: [time.milliseconds])
        let marks = ids.map { _ in "?" }.joined(separator: ", ")
        try db.execute(
            sql: "DELETE FROM journal WHERE id IN (\(marks))", arguments: StatementArguments(ids))
        let count = db.changesCount
        try db.execute(sql: "DELETE FROM journalRetention")
        return count
    }

    /// Marks of bytes that are not on the disk any more, and old ones before the first stored screen, from which a tap
    /// is read again.
    private func pruneMarks(_ retention: Retention) async throws(StoreError) -> Int {
        var count = 0
        for subject in try await tapSubjects() {
            var deleted = 0
            repeat {
                deleted = try await write { [fleet] db in
                    try Self.deleteMarks(of: subject, fleet, retention, db)
                }
                count += deleted
            } while deleted == Self.piece
        }
        return count
    }

    /// The last mark before the place stays: it says which size what follows has.
    private static func deleteMarks(
        of subject: Subject, _ fleet: FleetID, _ retention: Retention, _ db: Database
    ) throws -> Int {
        try db.execute(
            sql: """
                WITH place("offset", freed) AS (
                    SELECT (SELECT min("offset") FROM keyframe WHERE fleetID = :fleet AND subject = :subject),
                        (SELECT "offset" - :limit FROM tapPosition WHERE fleetID = :fleet AND subject = :subject))
                DELETE FROM tapMark WHERE id IN (
                    SELECT id FROM tapMark, place
                    WHERE fleetID = :fleet AND subject = :subject AND tapMark."offset" < (
                        SELECT max(earlier."offset") FROM tapMark AS earlier
                        WHERE earlier.fleetID = :fleet AND earlier.subject = :subject
                            AND earlier."offset" <= place."offset")
                        AND (at < :before OR tapMark."offset" < place.freed)
                    ORDER BY tapMark."offset", id LIMIT :piece)
                """,
            arguments: [
                "fleet": fleet.rawValue, "subject": subject.key, "limit": retention.tapLimit,
                "before": retention.before.milliseconds, "piece": piece,
            ])
        return db.changesCount
    }
}

/// Deletes a fleet's rows beside journal and marks, in an open transaction.
private struct FleetPruning {
    let fleet: FleetID
    let before: Timestamp

    private var scope: StatementArguments { [fleet.rawValue, before.milliseconds] }

    func run(_ db: Database) throws -> Pruned {
        var pruned = Pruned()
        pruned.runs = try runs(db)
        try db.execute(
            sql: "DELETE FROM outbox WHERE fleetID = ? AND run IS NULL AND endedAt < ?", arguments: scope)
        pruned.deliveries = try FleetStore.pruneNotices(fleet, before: before, db)
        try tasks(db)
        pruned.agents = try agents(db)
        // Panes are not written down; one whose tap nobody reads any more is gone.
        try db.execute(
            sql: """
                DELETE FROM seenMarker WHERE fleetID = ?1 AND subject LIKE 'pane:%' AND subject NOT IN (
                    SELECT subject FROM tapPosition WHERE fleetID = ?1)
                """, arguments: [fleet.rawValue])
        try db.execute(sql: "DELETE FROM gitFact WHERE fleetID = ? AND at < ?", arguments: scope)
        return pruned
    }

    private func runs(_ db: Database) throws -> Int {
        try db.execute(
            sql: """
                DELETE FROM run WHERE fleetID = ?1 AND endedAt < ?2 AND (
                    EXISTS (SELECT 1 FROM run AS later
                        WHERE later.fleetID = ?1 AND later.subject = run.subject AND later.pipeline = run.pipeline
                            AND (later.startedAt, later.rowid) > (run.startedAt, run.rowid))
                    OR subject <> 'main'
                        AND subject NOT IN (
                            SELECT 'agent:' || id FROM agent WHERE fleetID = ?1 AND removedAt IS NULL)
                        AND (subject NOT LIKE 'pane:%' OR subject NOT IN (
                            SELECT subject FROM tapPosition WHERE fleetID = ?1)))
                """, arguments: scope)
        return db.changesCount
    }

    /// Tasks stay: they are a plan, and a board that forgets what is done would begin it again.
    private func tasks(_ db: Database) throws {
        for condition in [
            "taskCommand WHERE fleetID = ? AND endedAt < ?", "taskDecision WHERE fleetID = ? AND at < ?",
            "approval WHERE fleetID = ? AND createdAt < ? AND purpose = 'command' AND state <> 'pending'",
        ] {
            try db.execute(sql: "DELETE FROM \(condition)", arguments: scope)
        }
    }

    /// Removed agents with all that is known of their taps; of living ones the marker ids of earlier starts.
    private func agents(_ db: Database) throws -> Int {
        for table in ["tapPosition", "tapMark", "keyframe", "seenMarker"] {
            try db.execute(
                sql: """
                    DELETE FROM \(table) WHERE fleetID = ?1 AND subject IN (
                        SELECT 'agent:' || id FROM agent WHERE fleetID = ?1 AND removedAt < ?2)
                    """, arguments: scope)
        }
        try db.execute(
            sql: """
                DELETE FROM busOffset WHERE fleetID = ?1 AND reader IN (
                    SELECT 'sizes/' || id FROM agent WHERE fleetID = ?1 AND removedAt < ?2)
                """, arguments: scope)
        try db.execute(
            sql: """
                DELETE FROM seenMarker WHERE fleetID = ?1 AND generation < (
                    SELECT generation FROM tapPosition AS tap
                    WHERE tap.fleetID = ?1 AND tap.subject = seenMarker.subject)
                """, arguments: [fleet.rawValue])
        try db.execute(sql: "DELETE FROM agent WHERE fleetID = ? AND removedAt < ?", arguments: scope)
        return db.changesCount
    }
}

extension Pruned {
    fileprivate func journal(
        _ before: Timestamp, _ fleet: FleetID, _ now: Timestamp, _ db: Database
    ) throws {
        let payload: JSONObject = [
            "before": .string(before.iso8601), "journal": .integer(Int64(journal)),
            "runs": .integer(Int64(runs)), "agents": .integer(Int64(agents)),
            "deliveries": .integer(Int64(deliveries)), "marks": .integer(Int64(marks)),
        ]
        let draft = JournalDraft(
            subject: .mainCheckout, kind: .journalPruned, source: "store", payload: payload)
        _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
    }
}
