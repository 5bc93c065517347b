public import Core
internal import GRDB

extension FleetStore {
    /// Decides and writes one step of a subject's watcher in one transaction: all of it or nothing.
    ///
    /// `decide` runs inside the write, with the marker ids that counted already for this `generation`; it
    /// must be pure and quick, and may be thrown away with its output when the transaction fails. Of two
    /// daemons that read the same bytes one is refused with
    /// ``StoreError/positionMoved(what:expected:found:)``.
    public func commit<Output: Sendable>(
        _ subject: Subject, generation: Int = 0, at now: Timestamp,
        decide: @escaping @Sendable (inout SeenMarkers) -> Decided<Output>
    ) async throws(StoreError) -> Committed<Output> {
        try await write { [fleet] db in
            let step = StepWriter(fleet: fleet, subject: subject, generation: generation, now: now)
            return try step.run(db, decide)
        }
    }

    /// As `commit` of one subject, for an event that several hear: the steps of all of them, in their order, or none.
    public func commit<Output: Sendable>(
        _ subjects: [Subject], at now: Timestamp, decide: @escaping @Sendable (Subject) -> Decided<Output>
    ) async throws(StoreError) -> [Output] {
        try await write { [fleet] db in
            try subjects.map { subject in
                let step = StepWriter(fleet: fleet, subject: subject, generation: 0, now: now)
                return try step.run(db) { _ in decide(subject) }.output
            }
        }
    }

    /// Writes a step that needs no marker ids.
    @discardableResult
    public func commit(
        _ step: WatchStep, for subject: Subject, generation: Int = 0, at now: Timestamp
    ) async throws(StoreError) -> [Int64?] {
        try await commit(subject, generation: generation, at: now) { _ in Decided(step, ()) }.journal
    }
}

/// Writes one step of one subject inside a transaction that somebody else opened.
struct StepWriter {
    /// Older screens are of no use: a newer one replays less of the tap.
    static let keptKeyframes = 3

    var fleet: FleetID
    var subject: Subject
    var generation: Int
    var now: Timestamp

    func run<Output>(
        _ db: Database, _ decide: (inout SeenMarkers) -> Decided<Output>
    ) throws -> Committed<Output> {
        var seen = SeenMarkers { try isSeen($0, db) }
        let decided = decide(&seen)
        if let failure = seen.failure { throw failure }
        try remember(seen.added, db)
        return Committed(output: decided.output, journal: try write(decided.step, db))
    }

    func write(_ step: WatchStep, _ db: Database) throws -> [Int64?] {
        if let tap = step.tap { try advance(tap, db) }
        if let cursor = step.cursor { try advance(cursor, in: "journalCursor", db) }
        if let file = step.file { try advance(file, in: "busOffset", db) }
        for mark in step.marks { try insert(mark, db) }
        if let keyframe = step.keyframe { try insert(keyframe, db) }
        if case .agent(let id) = subject, let condition = step.condition {
            try FleetStore.save(condition, of: id, fleet, db)
        }
        try RunRecord.save(step.runs, fleet: fleet, db)
        try cancel(step, db)
        for item in step.outbox { try OutboxRecord.insert(item, fleet: fleet, db) }
        var journal: [Int64?] = []
        for draft in step.journal {
            journal.append(try JournalRecord.append(draft, fleet: fleet, at: now, db))
        }
        for approval in step.approvals {
            try ask(approval, through: step.approvalChannels[approval.id] ?? [], db)
        }
        try CounterIncrement.write(step.counters, fleet, db)
        return journal
    }

    private func isSeen(_ id: String, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM seenMarker
                        WHERE fleetID = ? AND subject = ? AND generation = ? AND markerID = ?)
                    """), arguments: [fleet.rawValue, subject.key, generation, id]) ?? false
    }

    private func remember(_ ids: [String], _ db: Database) throws {
        for id in ids {
            try db.execute(
                sql: "INSERT INTO seenMarker (fleetID, subject, generation, markerID) VALUES (?, ?, ?, ?)",
                arguments: [fleet.rawValue, subject.key, generation, id])
        }
    }

    private func advance(_ tap: TapAdvance, _ db: Database) throws {
        let found =
            try Int64.fetchOne(
                try db.cachedStatement(
                    sql: "SELECT \"offset\" FROM tapPosition WHERE fleetID = ? AND subject = ?"),
                arguments: [fleet.rawValue, subject.key]) ?? 0
        guard found == tap.from else {
            throw StoreError.positionMoved(what: "Tap of \(subject.key)", expected: tap.from, found: found)
        }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO tapPosition
                    (fleetID, subject, "offset", columns, rows, generation, at, head, tail)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (fleetID, subject) DO UPDATE SET "offset" = excluded."offset",
                    columns = excluded.columns, rows = excluded.rows, generation = excluded.generation,
                    at = excluded.at, head = excluded.head, tail = excluded.tail
                """)
        try statement.execute(
            arguments: [
                fleet.rawValue, subject.key, tap.to, tap.size.columns, tap.size.rows,
                tap.generation ?? generation,
                now.milliseconds, tap.print?.head.databaseBlob, tap.print?.tail.databaseBlob,
            ])
    }

    private func advance(_ position: PositionAdvance, in table: String, _ db: Database) throws {
        let found =
            try Int64.fetchOne(
                db, sql: "SELECT position FROM \(table) WHERE fleetID = ? AND reader = ?",
                arguments: [fleet.rawValue, position.reader]) ?? 0
        guard found == position.from else {
            throw StoreError.positionMoved(
                what: "Reader '\(position.reader)'", expected: position.from, found: found)
        }
        try db.execute(
            sql: """
                INSERT INTO \(table) (fleetID, reader, position) VALUES (?, ?, ?)
                ON CONFLICT (fleetID, reader) DO UPDATE SET position = excluded.position
                """, arguments: [fleet.rawValue, position.reader, position.to])
    }

    private func insert(_ mark: TapMark, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO tapMark (fleetID, subject, "offset", at, columns, rows) VALUES (?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(
            arguments: [
                fleet.rawValue, subject.key, mark.offset, mark.at.milliseconds, mark.size.columns,
                mark.size.rows,
            ])
    }

    private func insert(_ keyframe: StoredKeyframe, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO keyframe (fleetID, subject, "offset", state) VALUES (?, ?, ?, ?)
                ON CONFLICT (fleetID, subject, "offset") DO UPDATE SET state = excluded.state
                """,
            arguments: [fleet.rawValue, subject.key, keyframe.offset, keyframe.state.databaseBlob])
        try db.execute(
            sql: """
                DELETE FROM keyframe WHERE fleetID = ?1 AND subject = ?2 AND "offset" NOT IN (
                    SELECT "offset" FROM keyframe WHERE fleetID = ?1 AND subject = ?2
                    ORDER BY "offset" DESC LIMIT ?3)
                """, arguments: [fleet.rawValue, subject.key, Self.keptKeyframes])
    }

    private func cancel(_ step: WatchStep, _ db: Database) throws {
        for id in step.cancelledOutbox {
            try db.execute(
                sql: """
                    UPDATE outbox SET state = 'cancelled', endedAt = ?
                    WHERE fleetID = ? AND id = ? AND state = 'pending'
                    """, arguments: [now.milliseconds, fleet.rawValue, id.rawValue])
        }
        for run in step.cancelledRuns {
            try db.execute(
                sql: """
                    UPDATE outbox SET state = 'cancelled', endedAt = ?
                    WHERE fleetID = ? AND run = ? AND state = 'pending' AND lane <> 'message'
                    """, arguments: [now.milliseconds, fleet.rawValue, run.rawValue])
        }
        for id in step.cancelledApprovals {
            try db.execute(
                sql: """
                    UPDATE approval SET state = 'cancelled' WHERE fleetID = ? AND id = ? AND state = 'pending'
                    """, arguments: [fleet.rawValue, id.rawValue])
            guard db.changesCount > 0 else { continue }
            try ApprovalRecord.withdrawNotices(of: id, fleet: fleet, at: now, db)
            try journal(.approvalCancelled, ["approval": .string(id.rawValue)], db)
        }
    }

    private func ask(_ approval: Approval, through channels: [String], _ db: Database) throws {
        guard try ApprovalRecord.insert(approval, through: channels, fleet: fleet, db) else { return }
        let payload: JSONObject = [
            "approval": .string(approval.id.rawValue), "question": .string(approval.question),
        ]
        try journal(.approvalAsked, payload, run: approval.run, stage: approval.stage, db)
    }

    private func journal(
        _ kind: JournalKind, _ payload: JSONObject, run: RunID? = nil, stage: String? = nil, _ db: Database
    ) throws {
        let draft = JournalDraft(
            subject: subject, kind: kind, source: "store", payload: payload, run: run, stage: stage)
        _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
    }
}
