public import Core
internal import GRDB

extension FleetStore {
    /// The newest `limit` messages to people that went out or were tried, the newest first.
    ///
    /// Reminders that still wait, and those that an answer took back, are not among them.
    public func toldMessages(limit: Int) async throws(StoreError) -> [OutboxItem] {
        try await read { [fleet] db in
            try OutboxRecord.fetchAll(
                db,
                sql: """
                    SELECT * FROM outbox WHERE fleetID = ? AND lane = ? AND startedAt IS NOT NULL
                    ORDER BY number DESC LIMIT ?
                    """, arguments: [fleet.rawValue, OutboxLane.message.rawValue, limit]
            ).map(\.item)
        }
    }
}
