import Core
import Foundation

/// A world for the orchestrator: a clock that jumps, agents that work, fail, hang, die or reach a limit, a decider that
/// answers well, badly or not at all, a person, and a process that is killed.
///
/// Everything comes from one seed. What must always hold is checked at every step.
struct OrchestratorWorld {
    var random: Dice
    var now = Timestamp(milliseconds: 1_000_000)
    var machine: OrchestratorMachine
    let settings: OrchestratorSettings
    let tasks: [PlannedTask]
    /// The plan of this moment: all of them, or all but one.
    var plan: [PlannedTask]
    var problems: [String] = []

    /// What will happen, the next last.
    private var future: [(at: Timestamp, number: Int, event: Happening)] = []
    private var counter = 0
    // What the database holds.
    private var standings: [String: TaskStanding] = [:]
    private var commands: [String: QueuedCommand] = [:]
    private var nextNumber = 1

    var agents: [String: ScriptedAgent] = [:]
    /// Agents of other fleets on this machine.
    var others = 0
    var questions: [ApprovalID: String] = [:]
    var answers: [ApprovalID: Bool] = [:]
    var cancelled: Set<String> = []
    var begun: Set<String> = []
    var runs: [String: Int] = [:]
    var deciding = 0
    var prepared: [String: Int] = [:]
    var alarms = 0
    /// Alarms of each task that wait for a person, and those about its decider.
    var episodes: [String: Int] = [:]
    var deciderAlarms: [String: Int] = [:]
    var deciderFailures: [String: Int] = [:]
    var edits = 0
    private var editsToCome = 0
    var kills = 0
    var interventions: [String: Int] = [:]

    enum Happening {
        case event(OrchestratorEvent)
        /// Of a process that dies with the orchestrator.
        case ours(OrchestratorEvent)
        case agent(String, ScriptedAgent.Step)
        case person(ApprovalID)
        case help(String, TaskRequest)
        /// A person does not want whatever command is next.
        case cancel(String)
        /// The plan is written anew, without this task or whole.
        case edit(without: String?)
        /// So many agents of other fleets live from now on.
        case neighbours(Int)
    }

    init(seed: UInt64) {
        random = Dice(seed: seed)
        tasks = OrchestratorWorld.plan(&random)
        plan = tasks
        settings = OrchestratorWorld.settings(&random)
        machine = OrchestratorMachine(settings: settings, rules: Self.rules, salt: "sim")
    }

    static let rules = CommandRules(
        allow: [], deny: [try? Pattern("forbidden")].compactMap(\.self))

    /// Runs until nothing can happen any more, or the horizon.
    mutating func run() {
        for count in [2, 0, 3, 1] { later(0...4000, .neighbours(count)) }
        later(4001...4001, .neighbours(0))
        if random.chance(40) { scheduleEdits() }
        take(.planned(tasks: plan))
        let horizon = now.advanced(by: .seconds(400_000))
        var steps = 0
        while now < horizon, problems.isEmpty, !isOver {
            steps += 1
            guard steps < 20_000 else { return problems.append("it never comes to rest") }
            let due = machine.nextDeadline(after: now)
            if let due, due <= now { problems.append("a deadline that is over: \(due)") }
            let next = future.last?.at
            guard let first = [due, next].compactMap(\.self).min() else { break }
            now = max(now, first)
            if let next, next <= now, let happening = future.popLast()?.event {
                happen(happening)
            } else {
                readFacts()
                take(.tick)
            }
        }
        checkEnd()
    }

    /// Whoever runs the machine reads facts again and again: an end that was seen before its agent was known to run, too.
    private mutating func readFacts() {
        for (branch, agent) in agents.sorted(by: { $0.key < $1.key })
        where !agent.isAlive && machine.standings[branch]?.state == .running
            && machine.standings[branch]?.facts != agent.facts
        {
            take(.facts(branch: branch, facts: agent.facts))
        }
    }

    /// Twice a task is taken out of the plan and put back.
    private mutating func scheduleEdits() {
        for _ in 0..<2 {
            let start = random.number(in: 10...3000)
            later(start...start, .edit(without: tasks[random.number(in: 0...tasks.count - 1)].branch))
            later(start + 1...start + 900, .edit(without: nil))
            editsToCome += 2
        }
    }

    private mutating func edit(without branch: String?) {
        edits += 1
        editsToCome -= 1
        plan = tasks.filter { $0.branch != branch }.map { task in
            var task = task
            task.dependsOn.removeAll { $0 == branch }
            return task
        }
        // A task that comes back is a new one.
        for branch in agents.keys { agents[branch]?.starts = 0 }
        take(.planned(tasks: plan))
        // What cannot be planned changes nothing.
        let known = Set(machine.standings.keys)
        take(.planned(tasks: [PlannedTask(branch: "alone", dependsOn: ["nowhere"])]))
        if Set(machine.standings.keys) != known { problems.append("a plan that cannot be used was taken up") }
    }

    private var isOver: Bool {
        guard editsToCome == 0 else { return false }
        let blockers = machine.blockers
        return plan.allSatisfy { task in
            machine.standings[task.branch]?.state.isEnded == true || blockers[task.branch] != nil
        }
    }

    private mutating func happen(_ happening: Happening) {
        switch happening {
        case .event(let event): take(event)
        case .ours(let event):
            if case .decided = event { deciding -= 1 }
            if case .notDecided(let branch, _) = event {
                deciding -= 1
                deciderFailures[branch, default: 0] += 1
            }
            take(event)
        case .agent(let branch, let step): act(branch, step)
        case .person(let approval):
            guard questions.removeValue(forKey: approval) != nil else { return }
            let says = random.chance(70)
            answers[approval] = says
            take(.answered(approval: approval, approved: says, by: "ada"))
        case .edit(let branch): edit(without: branch)
        case .neighbours(let count):
            others = count
            take(capacity)
        case .cancel(let branch):
            guard let id = machine.standings[branch]?.queue.first else { return }
            take(.cancelled(command: id, by: "ada"))
            cancelled.insert(id)
        case .help(let branch, let request):
            interventions[branch, default: 0] += 1
            agents[branch]?.isHelped = true
            if request == .retry { agents[branch]?.starts = 0 }
            take(.requested(branch: branch, request: request))
            if request == .release, agents[branch]?.isAlive == true { script(branch) }
        }
    }

    var capacity: OrchestratorEvent { .capacity(Capacity(otherAgents: others)) }

    mutating func later(_ seconds: ClosedRange<Int>, _ happening: Happening) {
        counter += 1
        let at = now.advanced(by: .milliseconds(random.number(in: seconds) * 1000 + counter % 7))
        let place = future.firstIndex { $0.at < at } ?? future.endIndex
        future.insert((at, counter, happening), at: place)
    }

    /// Gives the machine an event as its owner does: decide, store, act; the process may be killed in between.
    mutating func take(_ event: OrchestratorEvent) {
        if random.chance(2) {
            restart()
            // Whoever reads the source of the event again gets it again.
            if case .prepared = event {
            } else if case .decided = event {
            } else if case .notDecided = event {
            } else if case .notPrepared = event {
            } else {
                take(event)
            }
            return
        }
        let effects = machine.receive(event, at: now)
        store(machine.takeChanges())
        check(effects)
        for effect in effects { record(effect) }
        guard !random.chance(2) else { return restart() }
        for effect in effects { perform(effect) }
    }

    private mutating func store(_ changes: OrchestratorChanges) {
        for (branch, standing) in changes.tasks { standings[branch] = standing }
        for command in changes.commands { commands[command.id] = command }
        nextNumber = changes.nextNumber
        // Whoever comes next must find what this process knows.
        if standings != machine.standings { problems.append("what is stored is not what is known") }
        let planned = Set(plan.map(\.branch))
        if Set(standings.keys) != planned, machine.graph.tasks.map(\.branch) == plan.map(\.branch) {
            problems.append("stored are \(standings.keys.sorted()), planned \(planned.sorted())")
        }
    }

    /// A new process with what was stored, through its text form.
    private mutating func restart() {
        kills += 1
        deciding = 0
        prepared = [:]
        future.removeAll { if case .ours = $0.event { true } else { false } }
        do {
            let stored = try JSONDecoder().decode(
                [String: TaskStanding].self, from: JSONEncoder().encode(standings))
            let kept = try JSONDecoder().decode(
                [QueuedCommand].self,
                from: JSONEncoder().encode(commands.values.filter { $0.state.isOpen || $0.state == .dead }))
            machine = OrchestratorMachine(
                settings: settings, rules: Self.rules, salt: "sim", standings: stored, commands: kept,
                nextNumber: nextNumber)
        } catch {
            problems.append("cannot be stored: \(error)")
        }
        let effects = machine.receive(capacity, at: now) + machine.receive(.planned(tasks: plan), at: now)
        store(machine.takeChanges())
        check(effects)
        for effect in effects { record(effect) }
        for effect in effects { perform(effect) }
    }
}
