public import Core
internal import GRDB
internal import SystemPackage

/// One fleet's part of the database: every method reads and writes rows of this fleet only.
public struct FleetStore: Sendable {
    public let store: Store
    public let fleet: FleetID

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await store.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        try await store.write { [fleet] db in
            do {
                return try body(db)
            } catch let error as DatabaseError
                where error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY
            {
                // Nearly every table refers to the fleet: say so when that is what is missing.
                guard try !Self.isRegistered(fleet, db) else { throw error }
                throw StoreError.fleetNotRegistered(fleet)
            }
        }
    }

    /// Writes down the fleet's name and place; a fleet that moved keeps its id and rows.
    public func register(_ registration: FleetRegistration, at now: Timestamp) async throws(StoreError) {
        precondition(registration.id == fleet, "a fleet registers itself, not \(registration.id)")
        try await store.write { db in
            try db.execute(
                sql: """
                    INSERT INTO fleet (id, name, path, createdAt) VALUES (?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET name = excluded.name, path = excluded.path
                    WHERE name <> excluded.name OR path <> excluded.path
                    """,
                arguments: [
                    registration.id.rawValue, registration.name, registration.path.string, now.milliseconds,
                ])
        }
    }

    /// Nil when the fleet was never registered here.
    public func registration() async throws(StoreError) -> FleetRegistration? {
        try await read { [fleet] db in try Self.registration(fleet, db) }
    }

    /// When the fleet became known here; nil when it never was.
    public func registeredAt() async throws(StoreError) -> Timestamp? {
        try await read { [fleet] db in
            try Int64.fetchOne(
                db, sql: "SELECT createdAt FROM fleet WHERE id = ?", arguments: [fleet.rawValue]
            )
            .map(Timestamp.init(milliseconds:))
        }
    }

    static func registration(_ fleet: FleetID, _ db: Database) throws -> FleetRegistration? {
        try Row.fetchOne(db, sql: "SELECT * FROM fleet WHERE id = ?", arguments: [fleet.rawValue])
            .map(registration)
    }

    static func registration(_ row: Row) -> FleetRegistration {
        FleetRegistration(
            id: FleetID(row["id"]), name: row["name"], path: FilePath(row["path"] as String))
    }

    private static func isRegistered(_ fleet: FleetID, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            db, sql: "SELECT EXISTS (SELECT 1 FROM fleet WHERE id = ?)", arguments: [fleet.rawValue]) ?? false
    }
}
