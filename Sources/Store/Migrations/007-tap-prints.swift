internal import GRDB

// Frozen: a change of the schema is a new migration in a file of its own.
extension Schema {
    static func tapPrints(_ db: Database) throws {
        try db.execute(
            sql: """
                -- The first bytes of the tap, and the last ones before the position; null: not known.
                ALTER TABLE tapPosition ADD COLUMN head BLOB;
                ALTER TABLE tapPosition ADD COLUMN tail BLOB;
                """)
    }
}
