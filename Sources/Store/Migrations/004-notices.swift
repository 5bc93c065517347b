internal import GRDB

// Frozen: a change of the schema is a new migration in a file of its own.
extension Schema {
    static func notices(_ db: Database) throws {
        try db.execute(
            sql: """
                ALTER TABLE delivery RENAME TO formerDelivery;
                DROP INDEX deliveryDue;

                -- What people are told, once for each `key`.
                CREATE TABLE notice (
                    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
                    fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
                    key TEXT NOT NULL CHECK (key <> ''),
                    kind TEXT NOT NULL CHECK (kind IN ('message', 'approval', 'escalation', 'relayed')),
                    subject TEXT NOT NULL,
                    branch TEXT,
                    approval TEXT,
                    title TEXT NOT NULL,
                    body TEXT NOT NULL,
                    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
                    createdAt INTEGER NOT NULL,
                    dueAt INTEGER NOT NULL,
                    -- Says that the same was said again.
                    isFollowUp INTEGER NOT NULL CHECK (isFollowUp IN (0, 1)),
                    -- The one that counts this one.
                    countedBy INTEGER REFERENCES notice(id) ON DELETE CASCADE,
                    UNIQUE (fleetID, key)
                ) STRICT;
                CREATE INDEX noticeTime ON notice(fleetID, createdAt);
                CREATE INDEX noticeCounted ON notice(countedBy) WHERE countedBy IS NOT NULL;

                CREATE TABLE delivery (
                    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
                    fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
                    notice INTEGER NOT NULL REFERENCES notice(id) ON DELETE CASCADE,
                    channel TEXT NOT NULL CHECK (channel <> ''),
                    state TEXT NOT NULL CHECK (state IN
                        ('pending', 'attempting', 'done', 'dead', 'withdrawn', 'skipped')),
                    attempts INTEGER NOT NULL CHECK (attempts >= 0),
                    -- It was under way when its sender was killed: it may have arrived.
                    isInterrupted INTEGER NOT NULL CHECK (isInterrupted IN (0, 1)),
                    dueAt INTEGER NOT NULL,
                    expiresAt INTEGER NOT NULL,
                    startedAt INTEGER,
                    endedAt INTEGER,
                    lastError TEXT,
                    UNIQUE (notice, channel),
                    CHECK ((endedAt IS NULL) = (state IN ('pending', 'attempting')))
                ) STRICT;
                CREATE INDEX deliveryDue ON delivery(fleetID, channel, dueAt) WHERE state = 'pending';
                CREATE INDEX deliverySent ON delivery(fleetID, channel, startedAt);

                INSERT INTO notice
                    (fleetID, key, kind, subject, title, body, severity, createdAt, dueAt, isFollowUp)
                SELECT fleetID, coalesce(outboxID, 'delivery/' || id), 'message', 'main', title, body,
                    severity, createdAt, createdAt, 0
                FROM formerDelivery WHERE true
                ORDER BY id ON CONFLICT (fleetID, key) DO NOTHING;
                INSERT INTO delivery
                    (fleetID, notice, channel, state, attempts, isInterrupted, dueAt, expiresAt, endedAt,
                        lastError)
                SELECT former.fleetID, notice.id, former.channel, former.state, former.attempts, 0,
                    former.dueAt, former.createdAt + 86400000, former.endedAt, former.lastError
                FROM formerDelivery AS former
                JOIN notice ON notice.fleetID = former.fleetID
                    AND notice.key = coalesce(former.outboxID, 'delivery/' || former.id)
                ORDER BY former.id;
                DROP TABLE formerDelivery;
                """)
    }
}
