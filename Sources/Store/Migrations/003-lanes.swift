internal import GRDB

// Frozen: a change of the schema is a new migration in a file of its own.
extension Schema {
    static func lanes(_ db: Database) throws {
        try db.execute(
            sql: """
                -- Actions of one lane are done one after another; lanes do not wait for each other.
                ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT 'pane'
                    CHECK (lane IN ('pane', 'shell', 'message'));
                UPDATE outbox SET lane = CASE
                    WHEN json_type(action, '$.shell') IS NOT NULL OR json_type(action, '$.spawn') IS NOT NULL
                        THEN 'shell'
                    WHEN json_type(action, '$.notify') IS NOT NULL OR json_type(action, '$.emit') IS NOT NULL
                        THEN 'message'
                    ELSE 'pane' END;

                DROP INDEX outboxAttempting;
                CREATE UNIQUE INDEX outboxAttempting ON outbox(fleetID, subject, lane)
                    WHERE state = 'attempting';
                DROP INDEX outboxPending;
                CREATE INDEX outboxPending ON outbox(fleetID, subject, lane, number) WHERE state = 'pending';
                """)
    }
}
