internal import GRDB

/// A database that some other program made.
enum ForeignDatabase: Error {
    /// The older Python tool of this name, which used the same default path.
    case python
    case unknown

    /// Throws unless the database is ours or empty.
    static func check(_ db: Database) throws {
        // Tables first: another process may be making ours now, and it commits them together with the mark.
        let tables = try String.fetchSet(
            db,
            sql:
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
        let mark = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard mark != Schema.applicationID else { return }
        // A first opening that was cut short leaves the migrator's own table.
        guard !tables.isEmpty, tables != ["grdb_migrations"] else { return }
        throw tables.isSuperset(of: ["pane_offsets", "stage_state", "approval_tokens"]) ? python : unknown
    }
}
