internal import GRDB

// Frozen: a change of the schema is a new migration in a file of its own.
extension Schema {
    static func ownCommands(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE agent ADD COLUMN hasOwnCommand INTEGER NOT NULL DEFAULT 0
                    CHECK (hasOwnCommand IN (0, 1))
                """)
    }
}
