public import Core
internal import GRDB
public import SystemPackage

extension FleetStore {
    /// Writes a new agent down before anything is made for it.
    ///
    /// Throws ``StoreError/branchTaken(branch:)`` or ``StoreError/sessionTaken(session:)`` when a living
    /// agent of this fleet has the branch or the session: of two that race exactly one wins.
    public func insert(_ agent: Agent, at now: Timestamp) async throws(StoreError) {
        try await write { [fleet] db in
            if try Self.living("branch", agent.place.branch, fleet, db) {
                throw StoreError.branchTaken(branch: agent.place.branch)
            }
            if try Self.living("session", agent.place.session.rawValue, fleet, db) {
                throw StoreError.sessionTaken(session: agent.place.session.rawValue)
            }
            try AgentRecord(fleet: fleet, agent: agent).insert(db)
            try Self.journal(.agentAdded, agent, ["branch": .string(agent.place.branch)], fleet, now, db)
        }
    }

    /// Reads the agent, changes it and writes it back in one transaction.
    ///
    /// `change` must be pure; the id, the branch's fleet and the time of creation stay as they were. Use
    /// ``recordStart(_:pane:tap:next:at:)``, ``recordCondition(_:_:source:)`` and ``remove(_:at:)`` for what they
    /// name.
    @discardableResult
    public func update(
        _ id: AgentID, _ change: @escaping @Sendable (inout Agent) -> Void
    ) async throws(StoreError) -> Agent {
        try await write { [fleet] db in
            var agent = try Self.existing(id, fleet, db)
            change(&agent)
            try AgentRecord(fleet: fleet, agent: agent).update(db)
            return agent
        }
    }

    /// Moves a spawn on to its next phase; `spawner` is who does the next step, nil once nobody needs to.
    public func setPhase(
        _ phase: SpawnProgress.Phase, of id: AgentID, spawner: RecordedProcess?
    ) async throws(StoreError) {
        try await update(id) { agent in
            agent.spawn.phase = phase
            agent.spawn.spawner = spawner
        }
    }

    /// The agent's program runs in `pane`: begins its next generation, in which marker ids count afresh.
    ///
    /// `next`: the spawn's next phase and who does it; nil leaves the spawn where it is.
    @discardableResult
    public func recordStart(
        _ id: AgentID, pane: RecordedPane, tap: FilePath,
        next: (phase: SpawnProgress.Phase, spawner: RecordedProcess?)? = nil, at now: Timestamp
    ) async throws(StoreError) -> Agent {
        try await write { [fleet] db in
            var agent = try Self.existing(id, fleet, db)
            agent.pane = pane
            agent.tap = tap
            agent.generation += 1
            agent.startedAt = now
            if let next { (agent.spawn.phase, agent.spawn.spawner) = next }
            agent.condition = AgentCondition(.starting, since: now)
            try AgentRecord(fleet: fleet, agent: agent).update(db)
            let payload: JSONObject = [
                "generation": .integer(Int64(agent.generation)), "pane": .string(pane.pane.description),
                "server": .string(pane.server.socket),
            ]
            try Self.journal(.agentStarted, agent, payload, fleet, now, db)
            return agent
        }
    }

    /// Writes down what the agent does now, and journals it when it differs from before.
    ///
    /// For observers outside a watcher; a watcher puts it into its ``WatchStep``.
    public func recordCondition(
        _ id: AgentID, _ condition: AgentCondition, source: String
    ) async throws(StoreError) {
        try await write { [fleet] db in
            let old = try Self.existing(id, fleet, db).condition
            guard
                (old.state, old.waitingFor, old.exitStatus)
                    != (condition.state, condition.waitingFor, condition.exitStatus)
            else { return }
            try Self.save(condition, of: id, fleet, db)
            var payload: JSONObject = ["state": .string(condition.state.rawValue)]
            payload["waiting_for"] = condition.waitingFor.map { .string($0.rawValue) }
            payload["exit_status"] = condition.exitStatus.map { .integer(Int64($0)) }
            let draft = JournalDraft(
                subject: .agent(id), kind: .agentState, source: source, payload: payload)
            _ = try JournalRecord.append(draft, fleet: fleet, at: condition.since, db)
        }
    }

    /// Ends the agent for good: frees branch and session, cancels its runs, waiting actions and questions.
    ///
    /// Its rows stay until retention; what had begun is left to end by itself.
    public func remove(_ id: AgentID, at now: Timestamp) async throws(StoreError) {
        try await write { [fleet] db in
            var agent = try Self.existing(id, fleet, db)
            guard agent.removedAt == nil else { return }
            agent.removedAt = now
            agent.spawn.spawner = nil
            try AgentRecord(fleet: fleet, agent: agent).update(db)
            try Self.cancelWork(of: agent.subject, fleet, now, db)
            try Self.journal(.agentRemoved, agent, ["branch": .string(agent.place.branch)], fleet, now, db)
        }
    }

    /// The row of a spawn that was rolled back: nothing of it is left.
    public func discard(_ id: AgentID) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: "DELETE FROM agent WHERE fleetID = ? AND id = ?",
                arguments: [fleet.rawValue, id.rawValue])
        }
    }

    /// Living agents in the order of their creation; with `removed` also those that were removed.
    public func agents(includingRemoved removed: Bool = false) async throws(StoreError) -> [Agent] {
        try await read { [fleet] db in try Self.agents(removed: removed, fleet, db) }
    }

    /// The agent of this id, removed or not; nil when there never was one.
    public func agent(_ id: AgentID) async throws(StoreError) -> Agent? {
        try await read { [fleet] db in try Self.fetch(id, fleet, db) }
    }

    /// The living agent that `name` means: its branch, its id or its session's name.
    ///
    /// Throws ``StoreError/agentNotFound(name:similar:)`` with the nearest branches.
    public func agent(named name: String) async throws(StoreError) -> Agent {
        try await read { [fleet] db in
            let agents = try Self.agents(removed: false, fleet, db)
            let found =
                agents.first { $0.place.branch == name } ?? agents.first { $0.id.rawValue == name }
                ?? agents.first { $0.place.session.rawValue == name }
            if let found { return found }
            throw StoreError.agentNotFound(
                name: name, similar: nearest(to: name, among: agents.map(\.place.branch)))
        }
    }
}

extension FleetStore {
    static func existing(_ id: AgentID, _ fleet: FleetID, _ db: Database) throws -> Agent {
        guard let agent = try fetch(id, fleet, db) else {
            throw StoreError.agentNotFound(name: id.rawValue, similar: [])
        }
        return agent
    }

    static func save(_ condition: AgentCondition, of id: AgentID, _ fleet: FleetID, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE agent SET state = ?, waitingFor = ?, exitStatus = ?, stateSince = ?
                WHERE fleetID = ? AND id = ?
                """)
        try statement.execute(
            arguments: [
                condition.state.rawValue, condition.waitingFor?.rawValue, condition.exitStatus,
                condition.since.milliseconds, fleet.rawValue, id.rawValue,
            ])
    }

    private static func fetch(_ id: AgentID, _ fleet: FleetID, _ db: Database) throws -> Agent? {
        try AgentRecord.fetchOne(
            db, sql: "SELECT * FROM agent WHERE fleetID = ? AND id = ?",
            arguments: [fleet.rawValue, id.rawValue])?.agent
    }

    static func agents(removed: Bool, _ fleet: FleetID, _ db: Database) throws -> [Agent] {
        try AgentRecord.fetchAll(
            db,
            sql: """
                SELECT * FROM agent WHERE fleetID = ? AND (? OR removedAt IS NULL) ORDER BY createdAt, rowid
                """, arguments: [fleet.rawValue, removed]
        ).map(\.agent)
    }

    private static func living(
        _ column: String, _ value: String, _ fleet: FleetID, _ db: Database
    ) throws -> Bool {
        try Bool.fetchOne(
            db,
            sql: """
                SELECT EXISTS (SELECT 1 FROM agent WHERE fleetID = ? AND \(column) = ? AND removedAt IS NULL)
                """, arguments: [fleet.rawValue, value]) ?? false
    }

    private static func cancelWork(
        of subject: Subject, _ fleet: FleetID, _ now: Timestamp, _ db: Database
    ) throws {
        let scope: StatementArguments = [fleet.rawValue, subject.key]
        let time: StatementArguments = [now.milliseconds]
        try db.execute(
            sql: """
                UPDATE outbox SET state = 'cancelled', endedAt = ?
                WHERE fleetID = ? AND subject = ? AND state = 'pending'
                """, arguments: time + scope)
        try db.execute(
            sql: """
                UPDATE approval SET state = 'cancelled' WHERE fleetID = ? AND subject = ? AND state = 'pending'
                """, arguments: scope)
        try db.execute(
            sql: """
                UPDATE run SET state = 'cancelled', endedAt = ?
                WHERE fleetID = ? AND subject = ? AND endedAt IS NULL
                """, arguments: time + scope)
    }

    private static func journal(
        _ kind: JournalKind, _ agent: Agent, _ payload: JSONObject, _ fleet: FleetID, _ now: Timestamp,
        _ db: Database
    ) throws {
        let draft = JournalDraft(subject: agent.subject, kind: kind, source: "store", payload: payload)
        _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
    }
}
