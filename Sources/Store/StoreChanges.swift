internal import GRDB
public import SystemPackage

/// How to learn that another process wrote: watch a file, then look at a number.
///
/// Every commit appends to the write-ahead log, so an inotify watch for modification on `log` wakes the
/// watcher; the file stays the same one while any process has the database open. Whatever others must react
/// to has a journal row, so after waking it is enough to compare ``newestJournalID()`` with the last one
/// seen.
public struct StoreChanges: Sendable {
    /// The file to watch.
    public let log: FilePath
    private let store: Store

    init(store: Store) {
        self.store = store
        log = FilePath(store.path.string + "-wal")
    }

    /// The id of the newest journal row of any fleet; 0 when there is none.
    public func newestJournalID() async throws(StoreError) -> Int64 {
        try await store.read { db in
            try Int64.fetchOne(db, sql: "SELECT max(id) FROM journal") ?? 0
        }
    }
}

extension Store {
    public var changes: StoreChanges { StoreChanges(store: self) }
}
