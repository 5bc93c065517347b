public import Core
internal import GRDB

extension FleetStore {
    /// Writes a notice down with a delivery for each of its channels; nothing when its key is taken.
    ///
    /// Words that were said a moment ago are counted instead, as `rules` have it. `unusable`: channels that lack what
    /// they need, with why; what goes to them is written down as skipped. True when the notice is new.
    @discardableResult
    public func post(
        _ draft: NoticeDraft, rules: DeliveryRules, unusable: [String: String] = [:], at now: Timestamp
    ) async throws(StoreError) -> Bool {
        try await write { [fleet] db in
            let isTaken = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM notice WHERE fleetID = ? AND key = ?)",
                arguments: [fleet.rawValue, draft.key])
            guard isTaken != true else { return false }
            var draft = draft
            if draft.branch == nil, case .agent(let id) = draft.subject {
                draft.branch = try String.fetchOne(
                    db, sql: "SELECT branch FROM agent WHERE fleetID = ? AND id = ?",
                    arguments: [fleet.rawValue, id.rawValue])
            }
            try NoticeWriter(draft: draft, rules: rules, unusable: unusable, fleet: fleet, now: now).write(db)
            return true
        }
    }

    /// The newest `limit` notices that were written after the one of the number `since`, the newest first.
    ///
    /// What another one counts is not among them.
    public func notices(since: Int64 = 0, limit: Int) async throws(StoreError) -> [RecordedNotice] {
        try await notices("notice.id > ?", [since], limit)
    }

    /// As above, of those written at a time or later.
    public func notices(since: Timestamp, limit: Int) async throws(StoreError) -> [RecordedNotice] {
        try await notices("notice.createdAt >= ?", [since.milliseconds], limit)
    }

    private func notices(
        _ condition: String, _ arguments: StatementArguments, _ limit: Int
    ) async throws(StoreError) -> [RecordedNotice] {
        try await read { [fleet] db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT *, (SELECT count(*) FROM notice AS same WHERE same.countedBy = notice.id) AS counted
                    FROM notice WHERE fleetID = ? AND countedBy IS NULL AND \(condition)
                    ORDER BY id DESC LIMIT ?
                    """, arguments: [fleet.rawValue] + arguments + [limit])
            let standings = try Self.standings(of: rows.map { $0["id"] }, db)
            return try rows.map { row in
                RecordedNotice(
                    id: row["id"], key: row["key"], kind: try row.word("kind"), subject: try row.subject(),
                    branch: row["branch"], approval: (row["approval"] as String?).map { ApprovalID($0) },
                    notice: Notice(
                        title: row["title"], body: row["body"], severity: try row.word("severity")),
                    at: row.time("createdAt"), isFollowUp: row["isFollowUp"], counted: row["counted"],
                    standings: standings[row["id"]] ?? [])
            }
        }
    }

    private static func standings(
        of notices: [Int64], _ db: Database
    ) throws -> [Int64: [RecordedNotice.Standing]] {
        var standings: [Int64: [RecordedNotice.Standing]] = [:]
        guard let first = notices.min(), let last = notices.max() else { return [:] }
        let rows = try Row.fetchAll(
            db, sql: "SELECT * FROM delivery WHERE notice BETWEEN ? AND ? ORDER BY notice, channel",
            arguments: [first, last])
        for row in rows {
            standings[row["notice"], default: []].append(
                RecordedNotice.Standing(
                    channel: row["channel"], state: try row.word("state"), attempts: row["attempts"],
                    at: row.optionalTime("endedAt") ?? row.optionalTime("startedAt"),
                    dueAt: row.time("dueAt"), error: row["lastError"]))
        }
        return standings
    }

    /// Deletes notices whose deliveries all ended before `time`; how many there were.
    static func pruneNotices(_ fleet: FleetID, before time: Timestamp, _ db: Database) throws -> Int {
        try db.execute(
            sql: """
                DELETE FROM notice WHERE fleetID = ?1 AND createdAt < ?2 AND countedBy IS NULL AND NOT EXISTS (
                    SELECT 1 FROM delivery WHERE notice = notice.id AND (endedAt IS NULL OR endedAt >= ?2))
                """, arguments: [fleet.rawValue, time.milliseconds])
        return db.changesCount
    }
}

/// Writes one new notice in an open transaction.
private struct NoticeWriter {
    let draft: NoticeDraft
    let rules: DeliveryRules
    let unusable: [String: String]
    let fleet: FleetID
    let now: Timestamp

    func write(_ db: Database) throws {
        let same = try sameWords(db)
        switch rules.folding(of: draft.kind, sameWordsDue: same?.due, at: now) {
        case .alone: try insert(due: now, isFollowUp: false, countedBy: nil, db)
        case .followUp(let due): try insert(due: due, isFollowUp: true, countedBy: nil, db)
        case .counted:
            try insert(due: same?.due ?? now, isFollowUp: false, countedBy: same?.id, db)
            for channel in rules.channels(for: draft.notice, branch: draft.branch) {
                try CounterIncrement.delivery(channel, "collapsed").write(fleet, db)
            }
        }
    }

    /// The last one that went or goes out with these words for this branch.
    private func sameWords(_ db: Database) throws -> (id: Int64, due: Timestamp)? {
        // A follow-up is due one window after the message before it, and is followed for another one.
        let window = rules.settings.collapse ?? .zero
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT id, dueAt FROM notice WHERE fleetID = ? AND createdAt > ? AND countedBy IS NULL
                    AND kind = ? AND title = ? AND body = ? AND severity = ? AND branch IS ?
                ORDER BY id DESC LIMIT 1
                """,
            arguments: [
                fleet.rawValue, now.advanced(by: .zero - window * 2).milliseconds, draft.kind.rawValue,
                draft.notice.title, draft.notice.body, draft.notice.severity.rawValue, draft.branch,
            ])
        return row.map { ($0["id"], $0.time("dueAt")) }
    }

    private func insert(due: Timestamp, isFollowUp: Bool, countedBy: Int64?, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO notice (fleetID, key, kind, subject, branch, approval, title, body, severity,
                    createdAt, dueAt, isFollowUp, countedBy)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                fleet.rawValue, draft.key, draft.kind.rawValue, draft.subject.key, draft.branch,
                draft.approval?.rawValue, draft.notice.title, draft.notice.body,
                draft.notice.severity.rawValue, now.milliseconds, due.milliseconds, isFollowUp, countedBy,
            ])
        guard countedBy == nil else { return }
        let id = db.lastInsertedRowID
        for channel in rules.channels(for: draft.notice, branch: draft.branch) {
            let reason = unusable[channel]
            try db.execute(
                sql: """
                    INSERT INTO delivery (fleetID, notice, channel, state, attempts, isInterrupted, dueAt,
                        expiresAt, endedAt, lastError)
                    VALUES (?, ?, ?, ?, 0, 0, ?, ?, ?, ?)
                    """,
                arguments: [
                    fleet.rawValue, id, channel, reason == nil ? "pending" : "skipped", due.milliseconds,
                    due.advanced(by: DeliveryRules.lifetime).milliseconds,
                    reason == nil ? nil : now.milliseconds, reason,
                ])
            if reason != nil { try CounterIncrement.delivery(channel, "skipped").write(fleet, db) }
        }
    }
}

extension CounterIncrement {
    /// `result`: `delivered`, `retried`, `dead`, `withdrawn`, `skipped`, `collapsed`.
    static func delivery(_ channel: String, _ result: String) -> CounterIncrement {
        CounterIncrement(
            "tmux_agent_deliveries_total", labels: ["channel": channel, "result": result])
    }
}
