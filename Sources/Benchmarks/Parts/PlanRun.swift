internal import Core
internal import Store
internal import SystemPackage

/// A plan that is run to its end by agents that only take time, in a time that is counted.
struct PlanRun {
    private let tasks: [PlannedTask]
    private let dependencies: [String: [String]]
    private let fleet: FleetStore
    private let start: Timestamp
    private var settings = OrchestratorSettings()
    private var machine: OrchestratorMachine
    private var now: Timestamp
    /// Agents at work, those that began first at the front.
    private var working: ArraySlice<(begun: Timestamp, branch: String)> = []

    private(set) var done: Set<String> = []
    private(set) var spawned = 0
    /// Nothing began before what it depends on was done.
    private(set) var isOrdered = true
    /// A new process began what was under way again, and nothing else.
    private(set) var hasGoneOn = false

    var wallSeconds: Double { Double(now.distance(from: start).inMilliseconds) / 1000 }

    init(_ tasks: [PlannedTask], database: FilePath, workshop: Workshop) async throws {
        self.tasks = tasks
        dependencies = Dictionary(uniqueKeysWithValues: tasks.map { ($0.branch, $0.dependsOn) })
        start = workshop.surroundings.now()
        now = start
        fleet = try Store.open(path: database, role: .daemon, now: start).fleet(FleetID("fleet-bench"))
        settings.maxAgents = 50
        machine = OrchestratorMachine(settings: settings, salt: "bench")
        try await fleet.register(
            FleetRegistration(id: fleet.fleet, name: "bench", path: workshop.folder), at: start)
        try await fleet.replaceFileTasks(tasks)
    }

    mutating func begin() async throws {
        for branch in try await give(.planned(tasks: tasks)) { spawn(branch) }
    }

    /// The agent that works longest comes to its end; false when none works.
    mutating func finishNext(after duration: Duration) async throws -> Bool {
        guard let (begun, branch) = working.popFirst() else { return false }
        now = max(now, begun.advanced(by: duration))
        let agent = AgentID("agent-\(branch)")
        var next = try await give(.spawned(branch: branch, agent: agent))
        done.insert(branch)
        next += try await give(.phase(branch: branch, phase: settings.completionPhase, source: .agent))
        for branch in next { spawn(branch) }
        return true
    }

    /// Another process takes over with what is stored.
    mutating func restart() async throws {
        let stored = try await fleet.tasks()
        let open = try await fleet.openCommands()
        machine = OrchestratorMachine(
            settings: settings, salt: "bench",
            standings: Dictionary(
                stored.compactMap { task in task.standing.map { (task.id, $0) } }
            ) { $1 },
            commands: open.commands, nextNumber: open.nextNumber)
        let again = try await give(.planned(tasks: stored.map(\.task)))
        hasGoneOn = again.sorted() == working.map(\.branch).sorted()
    }

    private mutating func spawn(_ branch: String) {
        spawned += 1
        isOrdered = isOrdered && dependencies[branch]?.allSatisfy(done.contains) == true
        working.append((now, branch))
    }

    /// Decides and stores; returns the tasks whose agents are to be made.
    private mutating func give(_ event: OrchestratorEvent) async throws -> [String] {
        let effects = machine.receive(event, at: now)
        try await fleet.commit(
            OrchestrationStep(changes: machine.takeChanges()), for: .mainCheckout, at: now)
        return effects.compactMap { if case .spawn(let branch) = $0 { branch } else { nil } }
    }
}
