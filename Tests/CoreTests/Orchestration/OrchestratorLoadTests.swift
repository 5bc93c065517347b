import Core
import TestSupport
import Testing

@Suite("Many tasks and commands", .timeLimit(.minutes(2)))
struct OrchestratorLoadTests {
    /// Each task depends on some of those before it; a new process takes over in the middle.
    @Test func tasksOfALargeGraphRunOnceEachBehindTheirDependencies() throws {
        let count = LongTests.choose(300, long: 1000)
        var dice = Dice(seed: 7)
        let tasks = (0..<count).map { number in
            PlannedTask(
                branch: "t\(number)",
                dependsOn: number == 0
                    ? []
                    : Array(
                        Set(
                            (0..<dice.number(in: 0...3)).map { _ in
                                "t\(dice.number(in: max(0, number - 80)...number - 1))"
                            })),
                priority: dice.number(in: 0...3))
        }
        var settings = OrchestratorSettings()
        settings.maxAgents = 50
        var machine = OrchestratorMachine(settings: settings, salt: "load")
        var stored: [String: TaskStanding] = [:]
        var now = Timestamp(milliseconds: 1_000_000)
        var begun: [String: Int] = [:]
        var done: Set<String> = []
        var queue: [String] = []
        var most = 0
        func give(_ event: OrchestratorEvent) {
            let effects = machine.receive(event, at: now)
            for (branch, standing) in machine.takeChanges().tasks { stored[branch] = standing }
            for case .spawn(let branch) in effects {
                begun[branch, default: 0] += 1
                let missing = machine.graph[branch]?.dependsOn.filter { !done.contains($0) } ?? []
                #expect(missing.isEmpty, "\(branch) begins before \(missing)")
                queue.append(branch)
            }
        }
        give(.planned(tasks: tasks))
        while !queue.isEmpty {
            most = max(most, queue.count)
            now = now.advanced(by: .seconds(1))
            let branch = queue.remove(at: dice.number(in: 0...queue.count - 1))
            give(.spawned(branch: branch, agent: AgentID("agent-\(branch)")))
            done.insert(branch)
            give(.phase(branch: branch, phase: "done", source: .agent))
            if done.count == count / 2 {
                // What is under way is begun again; whoever makes agents finds them running.
                machine = OrchestratorMachine(settings: settings, salt: "load", standings: stored)
                let running = queue
                queue = []
                give(.planned(tasks: tasks))
                #expect(Set(running) == Set(queue))
                for branch in running { begun[branch, default: 0] -= 1 }
            }
        }
        #expect(done.count == count)
        #expect(most == 50)
        #expect(begun.values.allSatisfy { $0 == 1 })
    }

    @Test func commandsOfManyBranchesAreScheduledInOrder() {
        let each = LongTests.choose(50, long: 500)
        var settings = OrchestratorSettings()
        settings.hasDecider = true
        (settings.cooldown, settings.sessionCooldown) = (.zero, .zero)
        (settings.maxCommandsPerCycle, settings.maxAgents) = (1000, 20)
        var machine = OrchestratorMachine(settings: settings, salt: "load")
        let now = Timestamp(milliseconds: 1_000_000)
        let tasks = (0..<20).map { PlannedTask(branch: "t\($0)") }
        var running: [String] = []
        var order: [String: [Int]] = [:]
        func give(_ event: OrchestratorEvent) {
            let effects = machine.receive(event, at: now)
            for case .run(let id) in effects {
                running.append(id)
                if let command = machine.commands[id] {
                    order[command.branch, default: []].append(command.number)
                }
            }
            _ = machine.takeChanges()
        }
        give(.planned(tasks: tasks))
        for task in tasks {
            give(.spawned(branch: task.branch, agent: AgentID("agent-\(task.branch)")))
            var facts = TaskFacts()
            facts.agent = AgentID("agent-\(task.branch)")
            facts.state = .idle
            give(.facts(branch: task.branch, facts: facts))
            give(.prepared(branch: task.branch, hash: "h"))
            let commands = (0..<each).map { DecidedCommand(text: "c\($0)") }
            give(.decided(branch: task.branch, decision: Decision(commands: commands)))
        }
        var count = 0
        while let id = running.popLast() {
            count += 1
            give(.ended(command: id, end: .exited(code: 0, tail: "")))
        }
        #expect(count == 20 * each)
        #expect(order.values.allSatisfy { $0 == $0.sorted() && $0.count == each })
    }
}
