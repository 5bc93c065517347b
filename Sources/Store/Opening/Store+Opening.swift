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
            try store.migrate { try $0() }
            return store
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// A copy of the database at `path` that lives in memory, empty when there is none; the file is only read.
    public static func copyInMemory(of path: FilePath) throws(StoreError) -> Store {
        do {
            let copy = try DatabaseQueue(configuration: configuration(role: nil))
            var info = stat()
            if unsafe stat(path.string, &info) == 0, info.st_size > 0 {
                var reading = configuration(role: nil)
                reading.readonly = true
                try DatabaseQueue(path: path.string, configuration: reading).backup(to: copy)
            }
            let store = Store(path: ":memory:", writer: copy)
            try store.migrate { try $0() }
            return store
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Opening that writes is done by one process at a time.
    ///
    /// SQLite does not wait while another connection turns the write-ahead log on, it says busy at once.
    private static func openOnce(_ path: FilePath, _ role: Role, notices: [Notice]) throws -> Store {
        try createPrivately(path)
        guard isWrittenByOpening(path) else {
            let store = try connect(path, role, notices, hasLog: true)
            try store.migrate { try withOpeningLock(path, $0) }
            return store
        }
        return try withOpeningLock(path) {
            let store = try connect(path, role, notices, hasLog: false)
            try store.migrate { try $0() }
            return store
        }
    }

    private static func connect(
        _ path: FilePath, _ role: Role, _ notices: [Notice], hasLog: Bool
    ) throws -> Store {
        var configuration = configuration(role: role)
        switch role {
        case .daemon:
            configuration.maximumReaderCount = 2
            let pool = try DatabasePool(path: path.string, configuration: configuration)
            return Store(path: path, writer: pool, notices: notices)
        case .command:
            // The mode stays with the file, and GRDB's look at the log costs a command a millisecond.
            configuration.journalMode = hasLog ? .default : .wal
            if hasLog {
                configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
            }
            let queue = try DatabaseQueue(path: path.string, configuration: configuration)
            let store = Store(path: path, writer: queue, notices: notices)
            store.shortenNeglectedLog()
            return store
        }
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

    /// Brings the schema up to date; `alone` runs it while no other process does, the others find it done.
    private func migrate(alone: (() throws -> Void) throws -> Void) throws {
        let isCurrent = try writer.read { db in
            // GRDB looks twice at a database without migrations; both looks must see one state of it,
            // while another process may be making them.
            _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
            guard try !Schema.migrator.hasBeenSuperseded(db) else {
                throw StoreError.databaseTooNew(path: path)
            }
            return try Schema.migrator.hasCompletedMigrations(db)
        }
        guard !isCurrent else { return }
        try alone { try Schema.migrator.migrate(writer) }
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
