internal import Core
internal import GRDB

extension FleetStore {
    /// Counts everything in one read.
    public func statistics() async throws(StoreError) -> FleetStatistics {
        try await read { [fleet] db in
            func count(_ query: String) throws -> [String: Int] {
                let rows = try Row.fetchAll(db, sql: query, arguments: [fleet.rawValue])
                return Dictionary(rows.map { ($0[0] as String, $0[1] as Int) }) { $1 }
            }
            let agents = try count(
                "SELECT state, count(*) FROM agent WHERE fleetID = ? AND removedAt IS NULL GROUP BY state")
            let runs = try count(
                "SELECT state, count(*) FROM run WHERE fleetID = ? AND endedAt IS NULL GROUP BY state")
            let question = try Row.fetchOne(
                db,
                sql: "SELECT count(*), min(createdAt) FROM approval WHERE fleetID = ? AND state = 'pending'",
                arguments: [fleet.rawValue])
            let deliveries = try Row.fetchAll(
                db,
                sql: """
                    SELECT channel, state, count(*) AS number FROM delivery WHERE fleetID = ?
                    GROUP BY channel, state ORDER BY channel, state
                    """, arguments: [fleet.rawValue]
            ).map { DeliveryCount(channel: $0["channel"], state: try $0.word("state"), count: $0["number"]) }
            let offsets = try Row.fetchAll(
                db, sql: "SELECT subject, \"offset\" FROM tapPosition WHERE fleetID = ?",
                arguments: [fleet.rawValue]
            ).compactMap { row in Subject(key: row[0]).map { ($0, row[1] as Int64) } }
            return FleetStatistics(
                agents: agents.keyed(), openRuns: runs.keyed(), pendingApprovals: question?[0] ?? 0,
                oldestQuestion: (question?[1] as Int64?).map(Timestamp.init(milliseconds:)),
                outbox: try count(
                    "SELECT state, count(*) FROM outbox WHERE fleetID = ? GROUP BY state"),
                deliveries: deliveries, tapOffsets: Dictionary(offsets) { $1 },
                databaseBytes: try Int64.fetchOne(
                    db, sql: "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size") ?? 0)
        }
    }
}

extension [String: Int] {
    fileprivate func keyed<Word: RawRepresentable<String> & Hashable>() -> [Word: Int] {
        [Word: Int](compactMap { key, value in Word(rawValue: key).map { ($0, value) } }) { $1 }
    }
}
