/// Decides what is begun, asked, typed and told for a plan of tasks, and when.
///
/// It is pure: the same plan, events and times give the same effects. Its owner stores ``takeChanges()`` before it performs
/// the effects; whatever was under way when a process ended is begun again by the first event of the next one, under
/// the same ids, so that doing it twice does nothing.
public struct OrchestratorMachine: Sendable {
    public internal(set) var settings: OrchestratorSettings
    public internal(set) var rules: CommandRules
    public internal(set) var graph: TaskGraph
    public internal(set) var standings: [String: TaskStanding]
    /// Those that wait or run, and those that could not be delivered.
    public internal(set) var commands: [String: QueuedCommand]
    /// Of the next command.
    public internal(set) var nextNumber: Int
    public internal(set) var capacity: Capacity?

    /// Makes ids of different fleets different.
    let salt: String
    var effects: [OrchestratorEffect] = []
    /// Branches that take a slot.
    public internal(set) var active: Set<String> = []
    /// Branches that are done and not summed up yet.
    var summing: Set<String> = []
    /// Branches that wait, in the order in which they may begin.
    var line: [String] = []
    var places: [String: Int] = [:]
    /// Calls of the decider that have not come back, also for tasks that ended meanwhile.
    var asking: Set<String> = []
    var sessionFreeAt: [String: Timestamp] = [:]
    /// Commands that still run in their sessions although their tasks have ended, or have begun anew.
    var outlasting: Set<String> = []
    /// Something happened that can let a task begin.
    var mayAdmit = true
    private var isFresh = true
    private var changedTasks: Set<String> = []
    private var changedCommands: Set<String> = []

    /// `standings` and `commands` as they were stored, with `nextNumber`; none of them for a new plan.
    public init(
        settings: OrchestratorSettings, rules: CommandRules = CommandRules(), salt: String,
        standings: [String: TaskStanding] = [:], commands: [QueuedCommand] = [], nextNumber: Int = 1
    ) {
        self.settings = settings
        self.rules = rules
        self.salt = salt
        self.standings = standings
        self.commands = Dictionary(commands.map { ($0.id, $0) }) { $1 }
        self.nextNumber = nextNumber
        graph = .empty
        active = Set(standings.filter { $0.value.state.isActive }.keys)
        summing = Set(
            standings.filter { $0.value.state == .done && $0.value.deciding.prompt == .summary }.keys)
        for (branch, standing) in standings {
            guard let servedAt = standing.servedAt else { continue }
            sessionFreeAt[branch] = servedAt.advanced(by: settings.sessionCooldown)
        }
        for command in commands where command.state == .running {
            sessionFreeAt[command.session] = .never
            if standings[command.branch]?.queue.contains(command.id) != true { outlasting.insert(command.id) }
        }
    }

    /// Takes one event in, and says what is to be done now, in this order.
    public mutating func receive(_ event: OrchestratorEvent, at now: Timestamp) -> [OrchestratorEffect] {
        effects.removeAll(keepingCapacity: true)
        take(event, now)
        // Before there is a plan, nothing that is under way has a meaning.
        if isFresh, !graph.tasks.isEmpty {
            isFresh = false
            resume(now)
        }
        admit(now)
        dispatch(now)
        decide(now)
        return effects
    }

    /// Goes on in the middle of a record with these tasks: what is under way is not begun again.
    public mutating func goOn(with tasks: [PlannedTask], _ capacity: Capacity?) {
        order(tasks)
        self.capacity = capacity
        asking = Set(standings.filter { $0.value.deciding.step == .asked }.keys)
        isFresh = graph.tasks.isEmpty
    }

    /// New settings for the same tasks; what is under way goes on by them.
    public mutating func replace(settings: OrchestratorSettings, rules: CommandRules) {
        self.settings = settings
        self.rules = rules
        mayAdmit = true
    }

    /// What must be stored since the last call; a task that is in `tasks` without a standing is gone.
    public mutating func takeChanges() -> OrchestratorChanges {
        defer {
            for id in changedCommands where commands[id]?.isKept == false { commands[id] = nil }
            changedTasks.removeAll()
            changedCommands.removeAll()
        }
        return OrchestratorChanges(
            tasks: Dictionary(uniqueKeysWithValues: changedTasks.map { ($0, standings[$0]) }),
            commands: changedCommands.compactMap { commands[$0] }.sorted { $0.number < $1.number },
            nextNumber: nextNumber)
    }

    /// What was under way when the last process ended is begun again.
    private mutating func resume(_ now: Timestamp) {
        for branch in active.union(summing).sorted() {
            if standings[branch]?.deciding.step != .idle {
                change(branch) { $0.deciding.step = .idle }
            }
            if standings[branch]?.state == .starting, standings[branch]?.notBefore == nil {
                effects.append(.spawn(branch: branch))
            }
        }
        for command in commands.values.sorted(by: { $0.number < $1.number }) where command.state == .running {
            // What is given up in this same step is not begun again.
            if let limit = giveUpTime(command), limit <= now { continue }
            effects.append(.run(command: command.id))
            if command.isInterrupted { effects.append(.interrupt(command: command.id)) }
        }
    }

    mutating func change(_ branch: String, _ body: (inout TaskStanding) -> Void) {
        guard standings[branch] != nil else { return }
        var standing = standings[branch, default: TaskStanding(phase: "", at: .longAgo)]
        body(&standing)
        standings[branch] = standing
        changedTasks.insert(branch)
    }

    mutating func add(_ branch: String, _ standing: TaskStanding) {
        standings[branch] = standing
        changedTasks.insert(branch)
    }

    mutating func remove(_ branch: String) {
        standings[branch] = nil
        active.remove(branch)
        summing.remove(branch)
        changedTasks.insert(branch)
    }

    mutating func change(command id: String, _ body: (inout QueuedCommand) -> Void) {
        guard var command = commands[id] else { return }
        body(&command)
        commands[id] = command
        changedCommands.insert(id)
    }

    mutating func add(_ command: QueuedCommand) {
        commands[command.id] = command
        changedCommands.insert(command.id)
    }

    mutating func move(_ branch: String, to state: TaskStanding.State, why: String, _ now: Timestamp) {
        guard let from = standings[branch]?.state, from != state else { return }
        change(branch) {
            $0.state = state
            $0.since = now
            $0.progressAt = now
            if state.isEnded {
                $0.pause = nil
                $0.deciding.step = .idle
            }
        }
        mayAdmit = true
        if state.isActive { active.insert(branch) } else { active.remove(branch) }
        effects.append(.changed(branch: branch, from: from, to: state, why: why))
    }
}

/// What one step of the orchestrator changed.
public struct OrchestratorChanges: Sendable, Equatable {
    /// Nil: the task is gone.
    public var tasks: [String: TaskStanding?]
    /// In the order in which they were made.
    public var commands: [QueuedCommand]
    public var nextNumber: Int

    public init(tasks: [String: TaskStanding?], commands: [QueuedCommand], nextNumber: Int) {
        self.tasks = tasks
        self.commands = commands
        self.nextNumber = nextNumber
    }

    public var isEmpty: Bool { tasks.isEmpty && commands.isEmpty }
}

extension QueuedCommand {
    /// Whether the machine must still know it.
    fileprivate var isKept: Bool { state.isOpen || state == .dead }
}

extension TaskGraph {
    /// No tasks.
    public static var empty: TaskGraph { TaskGraph() }
}

extension Timestamp {
    /// Before everything that this program does.
    fileprivate static var longAgo: Timestamp { Timestamp(milliseconds: 0) }
}
