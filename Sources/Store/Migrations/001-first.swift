internal import GRDB

// Frozen: a change of the schema is a new migration in a file of its own.
extension Schema {
    static func first(_ db: Database) throws {
        for sql in [fleetTables, tapTables, journalTables, policyTables, actionTables, factTables] {
            try db.execute(sql: sql)
        }
        // "tagt" in ASCII: tells our files from other programs'.
        try db.execute(sql: "PRAGMA application_id = 1952540532")
    }

    private static let fleetTables = """
        CREATE TABLE fleet (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            name TEXT NOT NULL,
            path TEXT NOT NULL,
            createdAt INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE agent (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            branch TEXT NOT NULL CHECK (branch <> ''),
            worktree TEXT NOT NULL,
            session TEXT NOT NULL,
            usesMainCheckout INTEGER NOT NULL CHECK (usesMainCheckout IN (0, 1)),
            base TEXT,
            baseCommit TEXT,
            command TEXT NOT NULL,
            profile TEXT NOT NULL,
            kind TEXT NOT NULL,
            model TEXT,
            template TEXT,
            task TEXT,
            searchPath TEXT NOT NULL,
            environment TEXT NOT NULL CHECK (json_valid(environment)),
            serverSocket TEXT,
            serverPID INTEGER,
            serverStartTime INTEGER,
            pane TEXT,
            panePID INTEGER,
            paneStartTime INTEGER,
            tap TEXT,
            phase TEXT NOT NULL CHECK (phase IN
                ('planned', 'branch', 'worktree', 'setup', 'session', 'briefing', 'ready', 'removing')),
            spawnerPID INTEGER,
            spawnerStartTime INTEGER,
            madeBranch INTEGER NOT NULL CHECK (madeBranch IN (0, 1)),
            madeWorktree INTEGER NOT NULL CHECK (madeWorktree IN (0, 1)),
            state TEXT NOT NULL CHECK (state IN
                ('starting', 'working', 'waiting', 'idle', 'exited', 'gone', 'unknown')),
            waitingFor TEXT CHECK (waitingFor IN ('permission', 'question', 'trust', 'usage_limit')),
            exitStatus INTEGER,
            stateSince INTEGER NOT NULL,
            generation INTEGER NOT NULL CHECK (generation >= 0),
            createdAt INTEGER NOT NULL,
            startedAt INTEGER,
            removedAt INTEGER,
            CHECK ((pane IS NULL) = (serverSocket IS NULL) AND (pane IS NULL) = (serverPID IS NULL)
                AND (pane IS NULL) = (serverStartTime IS NULL)),
            CHECK ((panePID IS NULL) = (paneStartTime IS NULL)),
            CHECK ((spawnerPID IS NULL) = (spawnerStartTime IS NULL)),
            CHECK (waitingFor IS NULL OR state = 'waiting'),
            CHECK (exitStatus IS NULL OR state = 'exited')
        ) STRICT;
        CREATE UNIQUE INDEX agentLivingBranch ON agent(fleetID, branch) WHERE removedAt IS NULL;
        CREATE UNIQUE INDEX agentLivingSession ON agent(fleetID, session) WHERE removedAt IS NULL;
        CREATE UNIQUE INDEX agentLivingWorktree ON agent(fleetID, worktree)
            WHERE removedAt IS NULL AND usesMainCheckout = 0;
        CREATE UNIQUE INDEX agentLivingPane ON agent(serverSocket, serverPID, serverStartTime, pane)
            WHERE removedAt IS NULL AND pane IS NOT NULL;

        CREATE TABLE daemon (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            role TEXT NOT NULL CHECK (role IN ('watch', 'orchestrate', 'relay', 'deliver')),
            pid INTEGER NOT NULL,
            startTime INTEGER NOT NULL,
            controlPID INTEGER,
            controlStartTime INTEGER,
            since INTEGER NOT NULL,
            PRIMARY KEY (fleetID, role),
            CHECK ((controlPID IS NULL) = (controlStartTime IS NULL))
        ) STRICT, WITHOUT ROWID;
        """

    private static let tapTables = """
        CREATE TABLE tapPosition (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,
            "offset" INTEGER NOT NULL CHECK ("offset" >= 0),
            columns INTEGER NOT NULL CHECK (columns > 0),
            rows INTEGER NOT NULL CHECK (rows > 0),
            generation INTEGER NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (fleetID, subject)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tapMark (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,
            "offset" INTEGER NOT NULL CHECK ("offset" >= 0),
            at INTEGER NOT NULL,
            columns INTEGER NOT NULL CHECK (columns > 0),
            rows INTEGER NOT NULL CHECK (rows > 0)
        ) STRICT;
        CREATE INDEX tapMarkOrder ON tapMark(fleetID, subject, "offset", id);

        CREATE TABLE keyframe (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,
            "offset" INTEGER NOT NULL CHECK ("offset" >= 0),
            state BLOB NOT NULL,
            PRIMARY KEY (fleetID, subject, "offset")
        ) STRICT;

        CREATE TABLE seenMarker (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,
            generation INTEGER NOT NULL,
            markerID TEXT NOT NULL,
            PRIMARY KEY (fleetID, subject, generation, markerID)
        ) STRICT, WITHOUT ROWID;
        """

    private static let journalTables = """
        CREATE TABLE journal (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE RESTRICT,
            at INTEGER NOT NULL,
            subject TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind <> ''),
            source TEXT NOT NULL,
            payload TEXT NOT NULL CHECK (json_valid(payload)),
            tapOffset INTEGER,
            run TEXT,
            stage TEXT,
            key TEXT
        ) STRICT;
        CREATE UNIQUE INDEX journalKey ON journal(fleetID, key) WHERE key IS NOT NULL;
        CREATE INDEX journalSubject ON journal(fleetID, subject, id);

        -- Rows older than `before` may be deleted while this one row is there.
        CREATE TABLE journalRetention (
            id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
            before INTEGER NOT NULL
        ) STRICT;
        CREATE TRIGGER journalIsNeverChanged BEFORE UPDATE ON journal
        BEGIN SELECT RAISE(ABORT, 'journal rows are never changed'); END;
        CREATE TRIGGER journalIsAppendOnly BEFORE DELETE ON journal
        WHEN NOT EXISTS (SELECT 1 FROM journalRetention WHERE OLD.at < before)
        BEGIN SELECT RAISE(ABORT, 'journal rows are deleted by retention only'); END;

        CREATE TABLE journalCursor (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            reader TEXT NOT NULL,
            position INTEGER NOT NULL CHECK (position >= 0),
            PRIMARY KEY (fleetID, reader)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE busOffset (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            reader TEXT NOT NULL,
            position INTEGER NOT NULL CHECK (position >= 0),
            PRIMARY KEY (fleetID, reader)
        ) STRICT, WITHOUT ROWID;
        """

    private static let policyTables = """
        CREATE TABLE run (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,
            pipeline TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
            cause TEXT,
            marker TEXT CHECK (marker IS NULL OR json_valid(marker)),
            hook TEXT,
            commitID TEXT,
            startedAt INTEGER NOT NULL,
            endedAt INTEGER,
            CHECK ((endedAt IS NULL) = (state IN ('queued', 'running')))
        ) STRICT;
        CREATE UNIQUE INDEX runRunning ON run(fleetID, subject, pipeline) WHERE state = 'running';
        CREATE INDEX runSubject ON run(fleetID, subject, startedAt);

        CREATE TABLE stageRun (
            run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
            position INTEGER NOT NULL CHECK (position >= 0),
            name TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('IDLE', 'WAITING_TRIGGER', 'WAITING_APPROVAL', 'RUNNING', 'COMPLETED', 'FAILED')),
            attempt INTEGER NOT NULL CHECK (attempt >= 0),
            since INTEGER NOT NULL,
            reason TEXT,
            memory TEXT NOT NULL CHECK (json_valid(memory)),
            PRIMARY KEY (run, position),
            UNIQUE (run, name)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE approval (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            purpose TEXT NOT NULL CHECK (purpose IN ('stage_start', 'after_failure')),
            subject TEXT NOT NULL,
            run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE,
            pipeline TEXT NOT NULL,
            stage TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            question TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('pending', 'approved', 'rejected', 'expired', 'cancelled')),
            createdAt INTEGER NOT NULL,
            expiresAt INTEGER,
            onExpire TEXT CHECK (onExpire IN ('approved', 'rejected', 'expired')),
            decision TEXT CHECK (decision IN ('approve', 'reject')),
            answeredBy TEXT,
            answeredThrough TEXT,
            answeredAt INTEGER,
            reason TEXT,
            CHECK ((decision IS NULL) = (state NOT IN ('approved', 'rejected', 'expired'))),
            CHECK (state <> 'approved' OR decision = 'approve'),
            CHECK (state <> 'rejected' OR decision = 'reject'),
            CHECK ((decision IS NULL) = (answeredBy IS NULL)
                AND (decision IS NULL) = (answeredThrough IS NULL)
                AND (decision IS NULL) = (answeredAt IS NULL))
        ) STRICT;
        CREATE UNIQUE INDEX approvalPending ON approval(run, stage, attempt, purpose)
            WHERE state = 'pending';
        CREATE INDEX approvalOrder ON approval(fleetID, state, createdAt);
        CREATE TRIGGER approvalIsAnsweredOnce BEFORE UPDATE ON approval WHEN OLD.state <> 'pending'
        BEGIN SELECT RAISE(ABORT, 'an approval is answered once for good'); END;
        """

    private static let actionTables = """
        CREATE TABLE outbox (
            number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE CHECK (id <> ''),
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            subject TEXT NOT NULL,
            run TEXT REFERENCES run(id) ON DELETE CASCADE,
            stage TEXT,
            attempt INTEGER NOT NULL,
            action TEXT NOT NULL CHECK (json_valid(action)),
            state TEXT NOT NULL CHECK (state IN
                ('pending', 'attempting', 'done', 'failed', 'uncertain', 'cancelled')),
            createdAt INTEGER NOT NULL,
            dueAt INTEGER NOT NULL,
            startedAt INTEGER,
            endedAt INTEGER,
            exitCode INTEGER,
            detail TEXT,
            CHECK ((endedAt IS NULL) = (state IN ('pending', 'attempting')))
        ) STRICT;
        CREATE UNIQUE INDEX outboxAttempting ON outbox(fleetID, subject) WHERE state = 'attempting';
        CREATE INDEX outboxPending ON outbox(fleetID, subject, number) WHERE state = 'pending';
        CREATE INDEX outboxRun ON outbox(run);

        CREATE TABLE delivery (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            outboxID TEXT,
            channel TEXT NOT NULL CHECK (channel <> ''),
            title TEXT NOT NULL,
            body TEXT NOT NULL,
            severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
            state TEXT NOT NULL CHECK (state IN ('pending', 'attempting', 'done', 'dead')),
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            createdAt INTEGER NOT NULL,
            dueAt INTEGER NOT NULL,
            endedAt INTEGER,
            lastError TEXT,
            UNIQUE (outboxID, channel),
            CHECK ((endedAt IS NULL) = (state IN ('pending', 'attempting')))
        ) STRICT;
        CREATE INDEX deliveryDue ON delivery(fleetID, dueAt) WHERE state = 'pending';
        """

    // Trust may be given before the fleet is registered, so it does not refer to it.
    private static let factTables = """
        CREATE TABLE trust (
            fleetID TEXT NOT NULL,
            path TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (fleetID, path)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE setupConsent (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            hash TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (fleetID, hash)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE gitFact (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            worktree TEXT NOT NULL,
            branch TEXT NOT NULL,
            head TEXT,
            ahead INTEGER,
            behind INTEGER,
            dirty INTEGER CHECK (dirty IN (0, 1)),
            at INTEGER NOT NULL,
            PRIMARY KEY (fleetID, worktree)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE counter (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            labels TEXT NOT NULL CHECK (json_valid(labels)),
            value REAL NOT NULL,
            PRIMARY KEY (fleetID, name, labels)
        ) STRICT, WITHOUT ROWID;
        """
}
