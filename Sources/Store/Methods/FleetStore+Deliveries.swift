public import Core
internal import GRDB

extension FleetStore {
    /// Takes the next due delivery of every channel that has none under way and may send now, and counts the attempt.
    ///
    /// Critical messages go first, then the oldest. What `rules` hold is put off in the same transaction.
    public func claimDeliveries(
        rules: DeliveryRules, at now: Timestamp
    ) async throws(StoreError) -> [Delivery] {
        guard let due = try await nextDeliveryDue(), due <= now else { return [] }
        return try await write { [fleet] db in
            let channels = try String.fetchAll(
                db, sql: "SELECT DISTINCT channel FROM delivery WHERE \(Self.waiting) AND dueAt <= :now",
                arguments: ["fleet": fleet.rawValue, "now": now.milliseconds])
            return try channels.compactMap { try Self.claim($0, rules, fleet, now, db) }
        }
    }

    /// When the next delivery of a free channel becomes due; nil when none waits.
    public func nextDeliveryDue() async throws(StoreError) -> Timestamp? {
        try await read { [fleet] db in
            try Int64.fetchOne(
                db, sql: "SELECT min(dueAt) FROM delivery WHERE \(Self.waiting)",
                arguments: ["fleet": fleet.rawValue]
            ).map(Timestamp.init(milliseconds:))
        }
    }

    /// Rows that wait in a channel through which nothing goes at the moment.
    private static let waiting = """
        fleetID = :fleet AND state = 'pending' AND NOT EXISTS (
            SELECT 1 FROM delivery AS busy WHERE busy.fleetID = delivery.fleetID
                AND busy.channel = delivery.channel AND busy.state = 'attempting')
        """

    private static func claim(
        _ channel: String, _ rules: DeliveryRules, _ fleet: FleetID, _ now: Timestamp, _ db: Database
    ) throws -> Delivery? {
        let candidate = try deliveries(
            """
            delivery.channel = ? AND delivery.state = 'pending' AND delivery.dueAt <= ?
            ORDER BY notice.severity = 'critical' DESC, delivery.id LIMIT 1
            """, [channel, now.milliseconds], fleet, db
        ).first
        guard var delivery = candidate else { return nil }
        let since = now.advanced(by: .zero - rules.rateSpan)
        let sent = try Int64.fetchAll(
            db,
            sql: """
                SELECT startedAt FROM delivery WHERE fleetID = ? AND channel = ? AND startedAt > ?
                    AND state <> 'withdrawn'
                """, arguments: [fleet.rawValue, channel, since.milliseconds]
        ).map(Timestamp.init(milliseconds:))
        switch rules.turn(of: channel, next: delivery.notice.severity, sent: sent, at: now) {
        case .send: break
        case .hold(let until, let exceptCritical):
            try hold(channel, until: until, exceptCritical: exceptCritical, fleet, now, db)
            return nil
        }
        delivery.state = .attempting
        delivery.attempts += 1
        try db.execute(
            sql: """
                UPDATE delivery SET state = 'attempting', attempts = attempts + 1, startedAt = ? WHERE id = ?
                """, arguments: [now.milliseconds, delivery.id])
        return delivery
    }

    /// Puts everything off that waits for a channel; what expires meanwhile is tried at its end.
    private static func hold(
        _ channel: String, until: Timestamp, exceptCritical: Bool, _ fleet: FleetID, _ now: Timestamp,
        _ db: Database
    ) throws {
        let only = exceptCritical ? "AND notice IN (SELECT id FROM notice WHERE severity <> 'critical')" : ""
        try db.execute(
            sql: """
                UPDATE delivery SET dueAt = max(dueAt,
                    CASE WHEN expiresAt > :now THEN min(:until, expiresAt) ELSE :until END)
                WHERE fleetID = :fleet AND channel = :channel AND state = 'pending' AND dueAt < :until \(only)
                """,
            arguments: [
                "until": until.milliseconds, "now": now.milliseconds, "fleet": fleet.rawValue,
                "channel": channel,
            ])
    }

    /// Writes down how one attempt ended.
    public func finish(
        _ delivery: Delivery.ID, _ outcome: DeliveryOutcome, at now: Timestamp
    ) async throws(StoreError) {
        try await write { [fleet] db in
            guard
                let channel = try String.fetchOne(
                    db,
                    sql: "SELECT channel FROM delivery WHERE id = ? AND fleetID = ? AND state = 'attempting'",
                    arguments: [delivery, fleet.rawValue])
            else { return }
            try CounterIncrement.delivery(channel, outcome.word).write(fleet, db)
            switch outcome {
            case .delivered, .withdrawn:
                try db.execute(
                    sql: "UPDATE delivery SET state = ?, endedAt = ?, lastError = NULL WHERE id = ?",
                    arguments: [outcome == .delivered ? "done" : "withdrawn", now.milliseconds, delivery])
            case .retry(let due, let error, let holdsChannel):
                try db.execute(
                    sql: "UPDATE delivery SET state = 'pending', dueAt = ?, lastError = ? WHERE id = ?",
                    arguments: [due.milliseconds, error, delivery])
                if holdsChannel {
                    try Self.hold(channel, until: due, exceptCritical: false, fleet, now, db)
                }
            case .dead(let error):
                try db.execute(
                    sql: "UPDATE delivery SET state = 'dead', endedAt = ?, lastError = ? WHERE id = ?",
                    arguments: [now.milliseconds, error, delivery])
            }
        }
    }

    /// Puts back what a predecessor began to deliver: those messages may arrive twice, and say so.
    @discardableResult
    public func recoverDeliveries() async throws(StoreError) -> Int {
        try await write { [fleet] db in
            try db.execute(
                sql: """
                    UPDATE delivery SET state = 'pending', isInterrupted = 1
                    WHERE fleetID = ? AND state = 'attempting'
                    """, arguments: [fleet.rawValue])
            return db.changesCount
        }
    }

    /// Deliveries in a state, the newest first.
    public func deliveries(
        _ state: Delivery.State, limit: Int = 200
    ) async throws(StoreError) -> [Delivery] {
        try await read { [fleet] db in
            try Self.deliveries(
                "delivery.state = ? ORDER BY delivery.id DESC LIMIT ?", [state.rawValue, limit], fleet, db)
        }
    }

    /// Gives dead deliveries another day, all of them or one; how many there were.
    public func retryDeadDeliveries(
        _ id: Delivery.ID? = nil, at now: Timestamp
    ) async throws(StoreError) -> Int {
        try await write { [fleet] db in
            let only = id == nil ? "" : "AND id = :id"
            var arguments: StatementArguments = [
                "now": now.milliseconds, "end": now.advanced(by: DeliveryRules.lifetime).milliseconds,
                "fleet": fleet.rawValue,
            ]
            if let id { arguments += ["id": id] }
            try db.execute(
                sql: """
                    UPDATE delivery SET state = 'pending', endedAt = NULL, dueAt = :now, expiresAt = :end
                    WHERE fleetID = :fleet AND state = 'dead' \(only)
                    """, arguments: arguments)
            return db.changesCount
        }
    }

    private static func deliveries(
        _ rest: String, _ arguments: StatementArguments, _ fleet: FleetID, _ db: Database
    ) throws -> [Delivery] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT delivery.*, notice.key, notice.kind, notice.subject, notice.branch, notice.approval,
                    notice.title, notice.body, notice.severity, notice.createdAt, notice.isFollowUp,
                    (SELECT count(*) FROM notice AS same WHERE same.countedBy = notice.id) AS counted
                FROM delivery JOIN notice ON notice.id = delivery.notice
                WHERE delivery.fleetID = ? AND \(rest)
                """, arguments: [fleet.rawValue] + arguments
        ).map { row in
            Delivery(
                id: row["id"], key: row["key"], kind: try row.word("kind"), subject: try row.subject(),
                branch: row["branch"], approval: (row["approval"] as String?).map { ApprovalID($0) },
                channel: row["channel"],
                notice: Notice(title: row["title"], body: row["body"], severity: try row.word("severity")),
                isFollowUp: row["isFollowUp"], counted: row["counted"], state: try row.word("state"),
                attempts: row["attempts"], isInterrupted: row["isInterrupted"], at: row.time("createdAt"),
                dueAt: row.time("dueAt"), expiresAt: row.time("expiresAt"),
                endedAt: row.optionalTime("endedAt"), lastError: row["lastError"])
        }
    }
}

extension DeliveryOutcome {
    /// As the counter has it.
    fileprivate var word: String {
        switch self {
        case .delivered: "delivered"
        case .retry: "retried"
        case .dead: "dead"
        case .withdrawn: "withdrawn"
        }
    }
}
