public import Core
internal import GRDB

extension FleetStore {
    /// Queues a notice for each channel; a channel that has this action's notice already is left alone.
    public func enqueue(
        _ notice: Notice, to channels: [String], for item: OutboxID?, at now: Timestamp
    ) async throws(StoreError) {
        try await write { [fleet] db in
            for channel in channels {
                try db.execute(
                    sql: """
                        INSERT INTO delivery
                            (fleetID, outboxID, channel, title, body, severity, state, attempts, createdAt, dueAt)
                        VALUES (?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?)
                        ON CONFLICT (outboxID, channel) DO NOTHING
                        """,
                    arguments: [
                        fleet.rawValue, item?.rawValue, channel, notice.title, notice.body,
                        notice.severity.rawValue, now.milliseconds, now.milliseconds,
                    ])
            }
        }
    }

    /// Takes due deliveries, the oldest of each channel first, and counts the attempt.
    public func claimDeliveries(now: Timestamp, limit: Int = 20) async throws(StoreError) -> [Delivery] {
        try await write { [fleet] db in
            let due = try Self.deliveries(
                "state = 'pending' AND dueAt <= ? ORDER BY id LIMIT ?", [now.milliseconds, limit], fleet, db)
            return try due.map { delivery in
                try db.execute(
                    sql: "UPDATE delivery SET state = 'attempting', attempts = attempts + 1 WHERE id = ?",
                    arguments: [delivery.id])
                var claimed = delivery
                claimed.state = .attempting
                claimed.attempts += 1
                return claimed
            }
        }
    }

    /// Writes down how one attempt ended.
    public func finish(
        _ delivery: Delivery.ID, _ outcome: DeliveryOutcome, at now: Timestamp
    ) async throws(StoreError) {
        try await write { [fleet] db in
            let scope: StatementArguments = [delivery, fleet.rawValue]
            let end = "WHERE id = ? AND fleetID = ? AND state = 'attempting'"
            switch outcome {
            case .delivered:
                try db.execute(
                    sql: "UPDATE delivery SET state = 'done', endedAt = ?, lastError = NULL \(end)",
                    arguments: [now.milliseconds] + scope)
            case .retry(let due, let error):
                try db.execute(
                    sql: "UPDATE delivery SET state = 'pending', dueAt = ?, lastError = ? \(end)",
                    arguments: [due.milliseconds, error] + scope)
            case .dead(let error):
                try db.execute(
                    sql: "UPDATE delivery SET state = 'dead', endedAt = ?, lastError = ? \(end)",
                    arguments: [now.milliseconds, error] + scope)
            }
        }
    }

    /// Puts back what a predecessor began to deliver; those messages may arrive twice, as `attempts` tells.
    @discardableResult
    public func recoverDeliveries() async throws(StoreError) -> Int {
        try await write { [fleet] db in
            try db.execute(
                sql: "UPDATE delivery SET state = 'pending' WHERE fleetID = ? AND state = 'attempting'",
                arguments: [fleet.rawValue])
            return db.changesCount
        }
    }

    /// Deliveries in a state, the newest first.
    public func deliveries(
        _ state: Delivery.State, limit: Int = 200
    ) async throws(StoreError) -> [Delivery] {
        try await read { [fleet] db in
            try Self.deliveries("state = ? ORDER BY id DESC LIMIT ?", [state.rawValue, limit], fleet, db)
        }
    }

    /// Gives dead deliveries another chance; how many there were.
    public func retryDeadDeliveries(at now: Timestamp) async throws(StoreError) -> Int {
        try await write { [fleet] db in
            try db.execute(
                sql: """
                    UPDATE delivery SET state = 'pending', endedAt = NULL, dueAt = ?
                    WHERE fleetID = ? AND state = 'dead'
                    """, arguments: [now.milliseconds, fleet.rawValue])
            return db.changesCount
        }
    }

    private static func deliveries(
        _ rest: String, _ arguments: StatementArguments, _ fleet: FleetID, _ db: Database
    ) throws -> [Delivery] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM delivery WHERE fleetID = ? AND \(rest)",
            arguments: [fleet.rawValue] + arguments
        ).map { row in
            Delivery(
                id: row["id"], item: (row["outboxID"] as String?).map { OutboxID($0) },
                channel: row["channel"],
                notice: Notice(title: row["title"], body: row["body"], severity: try row.word("severity")),
                state: try row.word("state"), attempts: row["attempts"], createdAt: row.time("createdAt"),
                dueAt: row.time("dueAt"), lastError: row["lastError"])
        }
    }
}
