internal import Core
internal import GRDB

extension FleetStore {
    /// Adds to counters, making those that are new.
    public func increment(_ increments: [CounterIncrement]) async throws(StoreError) {
        try await write { [fleet] db in
            try CounterIncrement.write(increments, fleet, db)
        }
    }

    /// All counters, ordered by name and labels.
    public func counters() async throws(StoreError) -> [Counter] {
        try await read { [fleet] db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM counter WHERE fleetID = ? ORDER BY name, labels",
                arguments: [fleet.rawValue]
            ).map { Counter(name: $0["name"], labels: try $0.json("labels"), value: $0["value"]) }
        }
    }
}

extension CounterIncrement {
    func write(_ fleet: FleetID, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO counter (fleetID, name, labels, value) VALUES (?, ?, ?, ?)
                ON CONFLICT (fleetID, name, labels) DO UPDATE SET value = value + excluded.value
                """)
        try statement.execute(arguments: [fleet.rawValue, name, try jsonText(labels), amount])
    }

    /// Writes each counter once, however often it is named.
    static func write(_ increments: [CounterIncrement], _ fleet: FleetID, _ db: Database) throws {
        var sums: [CounterIncrement] = []
        for increment in increments {
            if let index = sums.firstIndex(where: {
                $0.name == increment.name && $0.labels == increment.labels
            }) {
                sums[index].amount += increment.amount
            } else {
                sums.append(increment)
            }
        }
        for sum in sums { try sum.write(fleet, db) }
    }
}

extension FleetStore {
    /// Counts, and writes and takes back as much as a watcher's step may need, in one transaction: throws when the
    /// database is full, read-only or taken.
    public func proveWritable(_ increment: CounterIncrement) async throws(StoreError) {
        try await write { [fleet] db in
            try increment.write(fleet, db)
            let probe: StatementArguments = [fleet.rawValue, "probe"]
            try db.execute(
                sql:
                    "INSERT INTO keyframe (fleetID, subject, \"offset\", state) VALUES (?, ?, 0, zeroblob(65536))",
                arguments: probe)
            try db.execute(sql: "DELETE FROM keyframe WHERE fleetID = ? AND subject = ?", arguments: probe)
        }
    }
}
