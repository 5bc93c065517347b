internal import GRDB

// Frozen: a change of the schema is a new migration in a file of its own.
extension Schema {
    static func channels(_ db: Database) throws {
        try db.execute(
            sql: """
                -- Through what an approval may be answered; [] = through anything.
                ALTER TABLE approval ADD COLUMN channels TEXT NOT NULL DEFAULT '[]'
                    CHECK (json_valid(channels));

                -- For finding the last run of a subject's pipeline.
                DROP INDEX runSubject;
                CREATE INDEX runSubject ON run(fleetID, subject, pipeline, startedAt);
                """)
    }
}
