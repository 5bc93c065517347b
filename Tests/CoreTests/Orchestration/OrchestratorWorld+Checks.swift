import Core

extension OrchestratorWorld {
    /// What must hold whenever something is decided.
    mutating func check(_ effects: [OrchestratorEffect]) {
        let active = machine.standings.values.count { $0.state.isActive }
        if active > settings.maxAgents { problems.append("\(active) tasks at once") }
        for effect in effects {
            switch effect {
            case .changed(let branch, let from, .starting, _):
                if let most = settings.maxAgentsPerHost, from == .waiting, active + others > most {
                    problems.append("\(branch) begins as number \(active + others) of this machine")
                }
                // One that ran may have begun before a dependency was taken out of the plan and put back.
                for dependency in plan.first(where: { $0.branch == branch })?.dependsOn ?? []
                where from == .waiting && machine.standings[dependency]?.state != .done {
                    problems.append("\(branch) begins before \(dependency) is done")
                }
                if from.isEnded { problems.append("\(branch) begins although it is \(from)") }
            case .changed(let branch, let from, _, _) where from == .done:
                problems.append("\(branch) was done and is not any more")
            case .run(let id): checkRun(id)
            case .alarm(let alarm) where alarm.reason == .conflict:
                if machine.standings[alarm.branch]?.state != .waiting {
                    problems.append("\(alarm.branch) cannot be merged and goes on")
                }
            case .alarm(let alarm) where alarm.reason != .decider:
                if machine.standings[alarm.branch]?.pause?.reason != alarm.reason {
                    problems.append("\(alarm.branch) raises an alarm and goes on")
                }
            default: break
            }
        }
        checkSessions()
    }

    private mutating func checkRun(_ id: String) {
        guard let command = machine.commands[id], command.state == .running else {
            return problems.append("\(id) begins and does not run")
        }
        if let approval = command.approval, answers[approval] != true {
            problems.append("\(id) begins without a yes")
        }
        if command.content.risk.needsApproval, command.approval == nil {
            problems.append("\(id) is \(command.content.risk) and nobody was asked")
        }
        // Whether one that runs was typed before a kill, only its session knows.
        if cancelled.contains(id), command.startedAt == now,
            machine.standings[command.branch]?.unwanted != id
        {
            problems.append("\(id) begins although nobody wants it")
        }
        if command.content.text.contains("forbidden") { problems.append("\(id) is forbidden") }
        // A command may outlive its task by as much as its report needs.
        let state = machine.standings[command.branch]?.state
        if command.startedAt == now, state != .running, state != .done {
            problems.append("\(id) begins while its task is \(state.map { "\($0)" } ?? "gone")")
        }
    }

    private mutating func checkSessions() {
        var busy: Set<String> = []
        for command in machine.commands.values where command.state == .running {
            let session = command.content.session ?? command.branch
            if !busy.insert(session).inserted { problems.append("two commands in \(session)") }
        }
    }

    /// Every alarm waits for a person or another plan, and one about a decider for so many failures: without them there is none.
    mutating func note(_ alarm: TaskAlarm) {
        let branch = alarm.branch
        guard alarm.reason != .decider else {
            deciderAlarms[branch, default: 0] += 1
            let most = deciderFailures[branch, default: 0] / settings.decisionFailureThreshold
            if deciderAlarms[branch, default: 0] > most {
                problems.append("\(branch) complains of its decider")
            }
            return
        }
        episodes[branch, default: 0] += 1
        if episodes[branch, default: 0] > interventions[branch, default: 0] + edits + 1 {
            problems.append("\(episodes[branch, default: 0]) alarms of \(branch)")
        }
    }

    /// What must hold when nothing happens any more.
    mutating func checkEnd() {
        guard problems.isEmpty else { return }
        let blockers = machine.blockers
        for task in plan {
            guard let standing = machine.standings[task.branch] else {
                problems.append("\(task.branch) is lost")
                continue
            }
            if !standing.state.isEnded, blockers[task.branch] == nil {
                problems.append(
                    "\(task.branch) stays \(standing.state) \(standing.pause.map { "\($0)" } ?? "")")
            }
            if standing.state.isEnded, standing.state != .done, standing.deciding.prompt == .summary {
                problems.append("\(task.branch) is summed up and not done")
            }
            if standing.state.isEnded, !standing.queue.isEmpty {
                problems.append("\(task.branch) ended with commands in its queue")
            }
        }
        for (approval, id) in questions where machine.commands[id]?.state != .confirming {
            problems.append("\(approval) is open and nothing waits for it")
        }
        for command in machine.commands.values
        where command.state.isOpen && machine.standings[command.branch]?.queue.contains(command.id) != true {
            // Only what runs outlasts its task, and not for long.
            let age = command.startedAt.map { now.distance(from: $0) } ?? .zero
            if command.state != .running || age > settings.commandTimeout + .seconds(301) {
                problems.append("\(command.id) is \(command.state) in no queue")
            }
        }
        for (id, count) in runs where count > settings.commandTries * 4 {
            problems.append("\(id) was begun \(count) times")
        }
    }

    static func plan(_ random: inout Dice) -> [PlannedTask] {
        let count = random.number(in: 2...9)
        return (0..<count).map { number in
            var dependencies: [String] = []
            for former in 0..<number where random.chance(25) { dependencies.append("t\(former)") }
            return PlannedTask(
                branch: "t\(number)", dependsOn: dependencies, priority: random.number(in: 0...2),
                stages: random.chance(50) ? ["test"] : [], mustBeMerged: random.chance(20),
                isDecided: random.chance(80))
        }
    }

    static func settings(_ random: inout Dice) -> OrchestratorSettings {
        var settings = OrchestratorSettings()
        settings.maxAgents = random.number(in: 1...4)
        if random.chance(40) { settings.maxAgentsPerHost = random.number(in: 1...4) }
        settings.maxDecisions = random.number(in: 1...2)
        settings.hasDecider = random.chance(70)
        settings.hasSummary = random.chance(50)
        settings.cooldown = .seconds(random.number(in: 0...120))
        settings.sessionCooldown = .seconds(random.number(in: 0...20))
        settings.maxCommandsPerCycle = random.number(in: 1...3)
        settings.stallRetriesBeforeNotify = random.number(in: 0...2)
        settings.commandExpiry = .seconds(random.number(in: 100...3600))
        settings.agentRestarts = random.number(in: 0...2)
        settings.confirmationExpiry = .seconds(random.number(in: 500...5000))
        return settings
    }
}

/// Chance from a seed (SplitMix64).
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func number(in range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next() % UInt64(range.count))
    }

    /// True in so many of a hundred cases.
    mutating func chance(_ percent: Int) -> Bool { next() % 100 < UInt64(percent) }
}
