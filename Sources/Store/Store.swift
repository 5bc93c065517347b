public import Core
internal import GRDB
public import SystemPackage

/// The database of all fleets of a user: opened once per process, shared by several processes.
///
/// Every write is one short IMMEDIATE transaction that keeps one invariant. Reads and writes run on GRDB's own
/// queues, never on the cooperative pool; a cancelled task rolls its transaction back.
public final class Store: Sendable {
    /// What the opener is, which decides who moves the write-ahead log into the database.
    public enum Role: Sendable {
        /// Checkpoints, and reads beside its own writes.
        case daemon
        /// Neither checkpoints nor, by leaving, shrinks the log that others watch.
        case command
    }

    /// Something a person should hear about the opening.
    public enum Notice: Sendable, Equatable {
        /// The file was a database of the older Python tool; a new one took its place.
        case pythonDatabaseMovedAside(to: FilePath)
    }

    /// `:memory:` for one that lives in memory.
    public let path: FilePath
    public let notices: [Notice]
    let writer: any DatabaseWriter

    init(path: FilePath, writer: any DatabaseWriter, notices: [Notice] = []) {
        self.path = path
        self.writer = writer
        self.notices = notices
    }

    /// The part of the database that belongs to `fleet`; it must be registered before anything is written.
    public func fleet(_ fleet: FleetID) -> FleetStore { FleetStore(store: self, fleet: fleet) }

    /// Everything that was registered with `path` as its place, the oldest first.
    public func registrations(at path: FilePath) async throws(StoreError) -> [FleetRegistration] {
        try await read { db in
            try Row.fetchAll(
                db, sql: "SELECT * FROM fleet WHERE path = ? ORDER BY createdAt, id", arguments: [path.string]
            ).map(FleetStore.registration)
        }
    }

    /// Closes the connections; later calls fail.
    public func close() throws(StoreError) {
        do { try writer.close() } catch { throw StoreError(error, path: path) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do { return try await writer.read(body) } catch { throw StoreError(error, path: path) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do { return try await writer.write(body) } catch { throw StoreError(error, path: path) }
    }

    /// A write that is on the disk, not only in the system's cache, when it returns.
    ///
    /// The level cannot be changed inside a transaction, so it is set around it.
    func writeDurably<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await writer.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                // A connection that keeps FULL is slower, never wrong.
                defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
                var value: Value?
                try db.inTransaction(.immediate) {
                    value = try body(db)
                    return .commit
                }
                guard let value else { throw CancellationError() }
                return value
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }
}
