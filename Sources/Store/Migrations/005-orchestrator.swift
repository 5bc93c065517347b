internal import GRDB

// Frozen: a change of the schema is a new migration in a file of its own.
extension Schema {
    static func orchestrator(_ db: Database) throws {
        try db.execute(sql: taskTables)
        try db.execute(sql: questionsAboutCommands)
    }

    private static let taskTables = """
        CREATE TABLE task (
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            branch TEXT NOT NULL CHECK (branch <> ''),
            source TEXT NOT NULL CHECK (source IN ('file', 'added')),
            position INTEGER NOT NULL,
            definition TEXT NOT NULL CHECK (json_valid(definition)),
            state TEXT NOT NULL CHECK (state IN
                ('waiting', 'starting', 'running', 'done', 'failed', 'cancelled')),
            -- Null: no orchestrator has looked at it yet.
            standing TEXT CHECK (standing IS NULL OR json_valid(standing)),
            PRIMARY KEY (fleetID, branch)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE taskCommand (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            number INTEGER NOT NULL CHECK (number > 0),
            branch TEXT NOT NULL,
            content TEXT NOT NULL CHECK (json_valid(content)),
            state TEXT NOT NULL CHECK (state IN
                ('queued', 'confirming', 'running', 'done', 'failed', 'dead', 'refused', 'expired',
                'cancelled')),
            approval TEXT,
            tries INTEGER NOT NULL CHECK (tries >= 0),
            createdAt INTEGER NOT NULL,
            dueAt INTEGER NOT NULL,
            startedAt INTEGER,
            endedAt INTEGER,
            isInterrupted INTEGER NOT NULL CHECK (isInterrupted IN (0, 1)),
            exitCode INTEGER,
            detail TEXT,
            -- Where in its session's tap the command of this try was typed.
            tapOffset INTEGER,
            UNIQUE (fleetID, number),
            CHECK ((endedAt IS NULL) = (state IN ('queued', 'confirming', 'running'))),
            CHECK (state <> 'confirming' OR approval IS NOT NULL)
        ) STRICT;
        CREATE INDEX taskCommandOpen ON taskCommand(fleetID, number)
            WHERE state IN ('queued', 'confirming', 'running', 'dead');
        CREATE INDEX taskCommandBranch ON taskCommand(fleetID, branch, number);

        CREATE TABLE taskDecision (
            id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            branch TEXT NOT NULL,
            at INTEGER NOT NULL,
            prompt TEXT NOT NULL,
            inputHash TEXT NOT NULL,
            milliseconds INTEGER NOT NULL,
            -- 'decided', or the kind of failure.
            outcome TEXT NOT NULL,
            output TEXT NOT NULL,
            reason TEXT
        ) STRICT;
        CREATE INDEX taskDecisionBranch ON taskDecision(fleetID, branch, id);

        CREATE TABLE orchestrator (
            fleetID TEXT NOT NULL PRIMARY KEY REFERENCES fleet(id) ON DELETE CASCADE,
            nextNumber INTEGER NOT NULL CHECK (nextNumber > 0)
        ) STRICT, WITHOUT ROWID;
        """

    /// The questions of the orchestrator belong to no run of a pipeline, so the reference to one goes; what it did is
    /// done by a trigger.
    private static let questionsAboutCommands = """
        CREATE TABLE approvalOfAnyKind (
            id TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
            fleetID TEXT NOT NULL REFERENCES fleet(id) ON DELETE CASCADE,
            purpose TEXT NOT NULL CHECK (purpose IN ('stage_start', 'after_failure', 'command')),
            subject TEXT NOT NULL,
            run TEXT NOT NULL,
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
            channels TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(channels)),
            CHECK ((decision IS NULL) = (state NOT IN ('approved', 'rejected', 'expired'))),
            CHECK (state <> 'approved' OR decision = 'approve'),
            CHECK (state <> 'rejected' OR decision = 'reject'),
            CHECK ((decision IS NULL) = (answeredBy IS NULL)
                AND (decision IS NULL) = (answeredThrough IS NULL)
                AND (decision IS NULL) = (answeredAt IS NULL))
        ) STRICT;
        INSERT INTO approvalOfAnyKind (id, fleetID, purpose, subject, run, pipeline, stage, attempt, question,
                state, createdAt, expiresAt, onExpire, decision, answeredBy, answeredThrough, answeredAt,
                reason, channels)
            SELECT id, fleetID, purpose, subject, run, pipeline, stage, attempt, question, state, createdAt,
                expiresAt, onExpire, decision, answeredBy, answeredThrough, answeredAt, reason, channels
            FROM approval ORDER BY rowid;
        DROP TABLE approval;
        ALTER TABLE approvalOfAnyKind RENAME TO approval;
        CREATE UNIQUE INDEX approvalPending ON approval(run, stage, attempt, purpose)
            WHERE state = 'pending';
        CREATE INDEX approvalOrder ON approval(fleetID, state, createdAt);
        CREATE INDEX approvalRun ON approval(run);
        CREATE TRIGGER approvalIsAnsweredOnce BEFORE UPDATE ON approval WHEN OLD.state <> 'pending'
        BEGIN SELECT RAISE(ABORT, 'an approval is answered once for good'); END;
        CREATE TRIGGER approvalOfAStageNeedsItsRun BEFORE INSERT ON approval
        WHEN NEW.purpose <> 'command' AND NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run)
        BEGIN SELECT RAISE(ABORT, 'an approval of a stage needs its run'); END;
        CREATE TRIGGER runTakesItsApprovals AFTER DELETE ON run
        BEGIN DELETE FROM approval WHERE run = OLD.id AND purpose <> 'command'; END;
        """
}
