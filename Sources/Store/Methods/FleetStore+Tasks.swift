public import Core
internal import GRDB

extension FleetStore {
    /// All tasks in the order of the plan: those of the file, then those that were added.
    public func tasks() async throws(StoreError) -> [StoredTask] {
        try await read { [fleet] db in try Self.tasks(fleet, db) }
    }

    /// Makes the tasks of orchestrator.toml those that are stored, and returns all that are planned.
    ///
    /// First those of the file, then those that were added; one that was added and now stands in the file is the file's.
    /// What was in the file and is not any more goes, unless an orchestrator has begun something for it: that goes with
    /// what the orchestrator decides about it. Throws ``TaskGraphError`` when the tasks of the file and those that were added cannot be
    /// planned together; then nothing is changed.
    @discardableResult
    public func replaceFileTasks(_ tasks: [PlannedTask]) async throws -> [StoredTask] {
        let outcome: Result<[StoredTask], TaskGraphError> = try await write { [fleet] db in
            let names = Set(tasks.map(\.branch))
            let present = try Self.tasks(fleet, db)
            let added = present.filter { $0.source == .added && !names.contains($0.id) }.map(\.task)
            do throws(TaskGraphError) {
                _ = try TaskGraph(tasks + added)
            } catch {
                return .failure(error)
            }
            for stored in present
            where stored.source == .file && !names.contains(stored.id) && stored.standing == nil {
                try db.execute(
                    sql: "DELETE FROM task WHERE fleetID = ? AND branch = ?",
                    arguments: [fleet.rawValue, stored.id])
            }
            for (position, task) in tasks.enumerated() {
                try Self.insert(task, .file, position, fleet, db)
            }
            return .success(
                try Self.tasks(fleet, db).filter { $0.source == .added || names.contains($0.id) })
        }
        return try outcome.get()
    }

    /// Adds tasks behind all others, with a journal row that an orchestrator wakes up from.
    ///
    /// Throws ``StoreError/taskTaken(branch:)`` when a branch has a task already, and ``TaskGraphError`` when they cannot be
    /// planned together with those that are there.
    public func addTasks(_ tasks: [PlannedTask], at now: Timestamp) async throws {
        let outcome: Result<Void, TaskGraphError> = try await write { [fleet] db in
            let plan = try Self.plan(adding: tasks, fleet, db)
            guard case .success = plan else { return plan }
            let last =
                try Int.fetchOne(
                    db, sql: "SELECT max(position) FROM task WHERE fleetID = ? AND source = 'added'",
                    arguments: [fleet.rawValue]) ?? Self.addedFrom - 1
            for (offset, task) in tasks.enumerated() {
                try Self.insert(task, .added, last + 1 + offset, fleet, db)
                try Self.note(.taskAdded, of: task.branch, fleet, now, db)
            }
            return plan
        }
        try outcome.get()
    }

    /// Throws what ``addTasks(_:at:)`` would throw.
    public func checkAddable(_ tasks: [PlannedTask]) async throws {
        let outcome: Result<Void, TaskGraphError> = try await read { [fleet] db in
            try Self.plan(adding: tasks, fleet, db)
        }
        try outcome.get()
    }

    /// Whether tasks and those that are there make a plan; the graph's own error passes the database as a value.
    private static func plan(
        adding tasks: [PlannedTask], _ fleet: FleetID, _ db: Database
    ) throws -> Result<Void, TaskGraphError> {
        let present = try Self.tasks(fleet, db).map(\.task)
        if let taken = tasks.first(where: { task in present.contains { $0.branch == task.branch } }) {
            throw StoreError.taskTaken(branch: taken.branch)
        }
        do throws(TaskGraphError) {
            _ = try TaskGraph(present + tasks)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Removes tasks that were added, all of them or none.
    ///
    /// Put back, they are new tasks. Throws ``StoreError/taskNotFound(branch:similar:)``, ``StoreError/taskOfFile(branch:)``, ``StoreError/taskRuns(branch:)`` for
    /// one that has begun and not ended, and ``StoreError/taskNeeded(branch:by:)`` when others that stay depend on it.
    public func removeTasks(_ branches: [String], at now: Timestamp) async throws(StoreError) {
        try await write { [fleet] db in
            let present = try Self.tasks(fleet, db)
            for branch in branches {
                guard let stored = present.first(where: { $0.id == branch }) else {
                    throw StoreError.taskNotFound(
                        branch: branch, similar: nearest(to: branch, among: present.map(\.id)))
                }
                if stored.source == .file { throw StoreError.taskOfFile(branch: branch) }
                if stored.state.isActive { throw StoreError.taskRuns(branch: branch) }
                let waiting = present.filter {
                    $0.task.dependsOn.contains(branch) && !branches.contains($0.id)
                }
                if !waiting.isEmpty { throw StoreError.taskNeeded(branch: branch, by: waiting.map(\.id)) }
            }
            for branch in branches {
                try db.execute(
                    sql: "DELETE FROM task WHERE fleetID = ? AND branch = ?",
                    arguments: [fleet.rawValue, branch])
                try Self.note(.taskRemoved, of: branch, fleet, now, db)
            }
        }
    }

    private static func note(
        _ kind: JournalKind, of branch: String, _ fleet: FleetID, _ now: Timestamp, _ db: Database
    ) throws {
        let draft = JournalDraft(
            subject: .mainCheckout, kind: kind, source: "cli", payload: ["branch": .string(branch)])
        _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
    }

    /// Positions of tasks that were added: behind those of every file.
    private static let addedFrom = 1_000_000

    /// What a person asks of a task, in the journal, where an orchestrator takes it up; throws
    /// ``StoreError/taskNotFound(branch:similar:)``.
    public func request(
        _ request: TaskRequest, of branch: String, by: String, at now: Timestamp
    ) async throws(StoreError) {
        try await write { [fleet] db in
            let branches = try Self.tasks(fleet, db).map(\.task.branch)
            guard branches.contains(branch) else {
                throw StoreError.taskNotFound(branch: branch, similar: nearest(to: branch, among: branches))
            }
            let draft = JournalDraft(
                subject: .mainCheckout, kind: .taskRequested, source: by,
                payload: ["branch": .string(branch), "request": .string(request.rawValue)])
            _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
        }
    }

    static func tasks(_ fleet: FleetID, _ db: Database) throws -> [StoredTask] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM task WHERE fleetID = ? ORDER BY position, branch",
            arguments: [fleet.rawValue]
        ).map { row in
            StoredTask(
                task: try row.json("definition"), source: try row.word("source"),
                standing: (row["standing"] as String?) == nil ? nil : try row.json("standing"))
        }
    }

    private static func insert(
        _ task: PlannedTask, _ source: StoredTask.Source, _ position: Int, _ fleet: FleetID, _ db: Database
    ) throws {
        let definition = try jsonText(task)
        try db.execute(
            sql: """
                INSERT INTO task (fleetID, branch, source, position, definition, state)
                VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')
                ON CONFLICT (fleetID, branch) DO UPDATE
                    SET source = ?3, position = ?4, definition = ?5
                    WHERE source <> ?3 OR position <> ?4 OR definition <> ?5
                """,
            arguments: [fleet.rawValue, task.branch, source.rawValue, position, definition])
    }
}
