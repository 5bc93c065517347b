internal import CSQLite
public import Core
internal import GRDB
internal import Glibc
public import SystemPackage

extension Store {
    /// Opens the database at `path` and brings its schema up to date; makes file and folder when missing.
    ///
    /// Blocks for up to five seconds while another process holds the database. A database of the older Python tool
    /// is moved aside first, and `notices` says where to.
    public static func open(path: FilePath, role: Role, now: Timestamp) throws(StoreError) -> Store {
        do {
            return try openOnce(path, role, notices: [])
        } catch ForeignDatabase.python {
            let aside = try Self.moveAside(path, now: now)
            do {
                return try openOnce(
                    path, role, notices: aside.map { [.pythonDatabaseMovedAside(to: $0)] } ?? [])
            } catch {
                throw StoreError(error, path: path)
            }
        } catch ForeignDatabase.unknown {
            throw .notOurs(path: path)
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// An empty database that ends with the last reference to it.
    public static func inMemory() throws(StoreError) -> Store {
        let path = FilePath(":memory:")
        do {
            let queue = try DatabaseQueue(configuration: configuration(role: nil))
            let store = Store(path: path, writer: queue)
            try store.migrate()
            return store
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func openOnce(_ path: FilePath, _ role: Role, notices: [Notice]) throws -> Store {
        try createPrivately(path)
        var configuration = configuration(role: role)
        let store: Store
        switch role {
        case .daemon:
            configuration.maximumReaderCount = 2
            store = Store(
                path: path, writer: try DatabasePool(path: path.string, configuration: configuration),
                notices: notices)
        case .command:
            configuration.journalMode = .wal
            store = Store(
                path: path, writer: try DatabaseQueue(path: path.string, configuration: configuration),
                notices: notices)
            store.shortenNeglectedLog()
        }
        try store.migrate()
        return store
    }

    private static func configuration(role: Role?) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.label = "tmux-agent"
        configuration.prepareDatabase { db in
            try ForeignDatabase.check(db)
            guard let role, let connection = unsafe db.sqliteConnection else { return }
            let pointer = unsafe UnsafeMutableRawPointer(connection)
            var status = unsafe csqlite_persist_wal(pointer)
            if status == 0, role == .command {
                status = unsafe csqlite_no_checkpoint_on_close(pointer)
                try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            }
            guard status == 0 else { throw DatabaseError(resultCode: ResultCode(rawValue: status)) }
        }
        return configuration
    }

    /// Brings the schema up to date; one process at a time, the others find it done.
    private func migrate() throws {
        let isCurrent = try writer.read { db in
            guard try !Schema.migrator.hasBeenSuperseded(db) else {
                throw StoreError.databaseTooNew(path: path)
            }
            return try Schema.migrator.hasCompletedMigrations(db)
        }
        guard !isCurrent else { return }
        try withOpeningLock(path) { try Schema.migrator.migrate(writer) }
    }

    /// Moves a log that grew long without a daemon into the database.
    ///
    /// Commands do not checkpoint, so that each is quick and the daemon stays the only one who does. Failing here
    /// costs disk space only, so the error is dropped.
    private func shortenNeglectedLog() {
        var info = stat()
        guard unsafe stat(path.string + "-wal", &info) == 0, info.st_size > 16 << 20 else { return }
        try? writer.writeWithoutTransaction { db in _ = try db.checkpoint(.passive) }
    }
}
