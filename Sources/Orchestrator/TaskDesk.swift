internal import Config
public import Core
public import Fleet
internal import ProcessKit
public import Store

/// Where people see and change tasks.
public struct TaskDesk: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// All tasks as they stand, those of orchestrator.toml as the file is now.
    ///
    /// Throws ``ConfigurationError`` when the file cannot be used, ``TaskGraphError`` when it does not fit what was added.
    public func board() async throws -> OrchestratorBoard {
        let planned = try await takeFile()
        var board = try await context.store.orchestratorBoard()
        // What left the file is stored until an orchestrator gives it up.
        guard let planned else { return board }
        board.rows.removeAll { !planned.contains($0.task.id) }
        let statuses = try await WaitingRequests(store: context.store).statuses
        for index in board.rows.indices where !board.rows[index].task.state.isEnded {
            if let status = statuses[board.rows[index].task.id] { board.rows[index].status = status }
        }
        return board
    }

    /// What is wrong with the file that somebody orchestrates by, so that the last good plan is in force; nil: nothing.
    public func problem() async throws -> (any UserFacingError)? {
        guard try context.isOrchestrated() else { return nil }
        do {
            let file = try OrchestratorSource.inForce(context).load().value.configuration.tasks
            let added = try await context.store.tasks().filter { task in
                task.source == .added && !file.contains { $0.branch == task.id }
            }
            _ = try TaskGraph(file + added.map(\.task))
            return nil
        } catch let error as any UserFacingError {
            return error
        }
    }

    /// What keeps the next task from beginning; nil: there is room, or the file says nothing that can be used.
    public func shortage(of board: OrchestratorBoard) async throws -> Shortage? {
        guard let settings = try? OrchestratorSource.inForce(context).load().value.configuration.settings
        else { return nil }
        let active = board.rows.count { $0.task.state.isActive }
        return settings.shortage(active: active, try await context.capacity(for: settings))
    }

    /// Commands of these tasks, or of all where none is named: those that wait, run, or could not be delivered, in order; with
    /// `all` the newest of any state.
    public func commands(of branches: [String], all: Bool, limit: Int) async throws -> [QueuedCommand] {
        let known = try await context.store.tasks().map(\.id)
        for branch in branches where !known.contains(branch) { throw unknown(branch, among: known) }
        if all { return try await context.store.commands(of: branches, limit: limit).reversed() }
        return try await context.store.openCommands().commands.filter {
            branches.isEmpty || branches.contains($0.branch)
        }
    }

    /// Cancels single commands, by their ids; throws the first that cannot be.
    public func cancel(commands ids: [String]) async throws {
        try await refuseAgents("Cancelling a command")
        for id in ids {
            try await context.store.cancelCommand(id, by: "cli", at: context.surroundings.now())
        }
    }

    /// Adds tasks; an orchestrator takes them up at once, or when one runs.
    ///
    /// Throws as ``check(_:)``.
    public func add(_ tasks: [PlannedTask]) async throws {
        try await refuseAgents("Adding tasks")
        try await check(tasks)
        try await context.store.addTasks(tasks, at: context.surroundings.now())
    }

    /// Whether tasks could be added: their branches are free, their templates and profiles there, and the plan has no circle.
    ///
    /// Throws ``StoreError/taskTaken(branch:)``, ``ConfigurationError``, ``FleetError/unknownProfile(_:known:)`` and
    /// ``TaskGraphError``.
    public func check(_ tasks: [PlannedTask]) async throws {
        try context.requireTrust()
        try await takeFile()
        for task in tasks {
            _ = try BranchName(task.branch)
            let template = try task.template.map { try context.templates().template(named: $0) }
            _ = try context.configuration.requireProfile(named: task.agent ?? template?.agent)
        }
        try await context.store.checkAddable(tasks)
    }

    /// Removes tasks that were added and do not run; their branches and agents stay.
    ///
    /// Throws what ``FleetStore/removeTasks(_:at:)`` throws.
    public func remove(_ branches: [String]) async throws {
        try await refuseAgents("Removing a task")
        try await takeFile()
        try await context.store.removeTasks(branches, at: context.surroundings.now())
    }

    /// Asks something of tasks: all of them exist and it would change each, or nothing is asked.
    public func ask(_ request: TaskRequest, of branches: [String]) async throws {
        try await refuseAgents("Changing a task")
        try await takeFile()
        let rows = try await context.store.orchestratorBoard().rows
        let known = rows.map(\.task.id)
        for branch in branches where !known.contains(branch) { throw unknown(branch, among: known) }
        let waiting = try await WaitingRequests(store: context.store)
        for row in rows where branches.contains(row.task.id) {
            let standing = row.task.standing ?? TaskStanding(phase: "", at: context.surroundings.now())
            let why =
                switch waiting.last(of: row.task.id) {
                case request: "was asked for that already"
                case nil: standing.futility(of: request, commands: row.commands)
                default: String?.none
                }
            if let why {
                throw OrchestratorError.futile(request, branch: row.task.id, why: why)
            }
        }
        for branch in branches {
            try await context.store.request(
                request, of: branch, by: "cli", at: context.surroundings.now())
        }
    }

    private func unknown(_ branch: String, among known: [String]) -> StoreError {
        .taskNotFound(branch: branch, similar: didYouMean(branch, among: known).map { [$0] } ?? [])
    }

    private func refuseAgents(_ what: String) async throws {
        var isAgent = AgentAncestry.isMarked(context.surroundings.environment)
        if !isAgent { isAgent = try await AgentAncestry(context: context).isBelowAnAgent() }
        guard !isAgent else { throw FleetError.refusedInsideAgent(what: what) }
    }

    /// All that is planned; nil while somebody orchestrates: that process alone takes edits of the file up.
    @discardableResult
    private func takeFile() async throws -> Set<String>? {
        guard try !context.isOrchestrated() else { return nil }
        let plan = try OrchestratorSource(context: context).load().value
        return Set(try await context.store.replaceFileTasks(plan.configuration.tasks).map(\.id))
    }
}
