internal import Core
internal import GRDB

/// A row of `approval`.
struct ApprovalRecord: FetchableRecord {
    var approval: Approval
    /// Through what alone it may be answered; empty: through anything.
    var channels: [String]

    init(row: Row) throws {
        channels = try row.json("channels")
        approval = Approval(
            id: ApprovalID(row["id"] as String), purpose: try row.word("purpose"),
            subject: try row.subject(), run: RunID(row["run"] as String), pipeline: row["pipeline"],
            stage: row["stage"], attempt: row["attempt"], question: row["question"],
            state: try row.word("state"), createdAt: row.time("createdAt"),
            expiresAt: row.optionalTime("expiresAt"), onExpire: try row.optionalWord("onExpire"),
            answer: try Self.answer(row))
    }

    private static func answer(_ row: Row) throws -> ApprovalAnswer? {
        guard let decision = try row.optionalWord("decision", ApprovalAnswer.Decision.self) else {
            return nil
        }
        return ApprovalAnswer(
            decision: decision, by: row["answeredBy"], through: row["answeredThrough"],
            at: row.time("answeredAt"), reason: row["reason"])
    }

    /// Writes a new question; false when it is there already.
    static func insert(
        _ approval: Approval, through channels: [String], fleet: FleetID, _ db: Database
    ) throws -> Bool {
        try db.execute(
            sql: """
                INSERT INTO approval (id, fleetID, purpose, subject, run, pipeline, stage, attempt, question,
                    state, createdAt, expiresAt, onExpire, channels)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
                """,
            arguments: [
                approval.id.rawValue, fleet.rawValue, approval.purpose.rawValue, approval.subject.key,
                approval.run.rawValue, approval.pipeline, approval.stage, approval.attempt, approval.question,
                approval.createdAt.milliseconds, approval.expiresAt?.milliseconds,
                approval.onExpire?.rawValue, try jsonText(channels),
            ])
        return db.changesCount > 0
    }

    static func fetch(_ id: ApprovalID, fleet: FleetID, _ db: Database) throws -> ApprovalRecord? {
        try ApprovalRecord.fetchOne(
            db, sql: "SELECT * FROM approval WHERE fleetID = ? AND id = ?",
            arguments: [fleet.rawValue, id.rawValue])
    }

    func allows(_ channel: String) -> Bool { channels.isEmpty || channels.contains(channel) }

    /// Takes back what people were still to be told of a question that is settled.
    static func withdrawNotices(
        of id: ApprovalID, fleet: FleetID, at now: Timestamp, _ db: Database
    ) throws {
        // The range of all ids that begin with `<approval>/`: 0 follows the slash.
        try db.execute(
            sql: """
                UPDATE outbox SET state = 'cancelled', endedAt = ?
                WHERE fleetID = ? AND state = 'pending' AND id > ? AND id < ?
                """,
            arguments: [now.milliseconds, fleet.rawValue, "\(id)/", "\(id)0"])
    }

    /// Writes the one answer a pending approval gets, and its journal row.
    static func settle(
        _ approval: Approval, as state: Approval.State, _ answer: ApprovalAnswer, fleet: FleetID,
        _ db: Database
    ) throws -> Approval {
        try db.execute(
            sql: """
                UPDATE approval SET state = ?, decision = ?, answeredBy = ?, answeredThrough = ?, answeredAt = ?,
                    reason = ?
                WHERE fleetID = ? AND id = ? AND state = 'pending'
                """,
            arguments: [
                state.rawValue, answer.decision.rawValue, answer.by, answer.through, answer.at.milliseconds,
                answer.reason, fleet.rawValue, approval.id.rawValue,
            ])
        try withdrawNotices(of: approval.id, fleet: fleet, at: answer.at, db)
        var settled = approval
        settled.state = state
        settled.answer = answer
        var payload: JSONObject = [
            "approval": .string(approval.id.rawValue), "decision": .string(answer.decision.rawValue),
            "state": .string(state.rawValue), "by": .string(answer.by), "through": .string(answer.through),
        ]
        if let reason = answer.reason { payload["reason"] = .string(reason) }
        _ = try JournalRecord.append(
            JournalDraft(
                subject: approval.subject, kind: .approvalAnswered, source: answer.through, payload: payload,
                run: approval.run, stage: approval.stage),
            fleet: fleet, at: answer.at, db)
        let waited = CounterIncrement.observation(
            "tmux_agent_approval_waiting_seconds",
            max(0, answer.at.distance(from: approval.createdAt).fractionalSeconds), in: .work,
            labels: ["through": answer.through])
        for increment in waited { try increment.write(fleet, db) }
        return settled
    }
}
