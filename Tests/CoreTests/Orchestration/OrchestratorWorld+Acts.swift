import Core

/// An agent that plays a part.
struct ScriptedAgent {
    enum Step { case work, finish, die, limit, limitOver, ask }

    var id: AgentID
    var isAlive = true
    /// A person looked after it: it does its work now.
    var isHelped = false
    var starts = 0
    var facts = TaskFacts()
}

extension OrchestratorWorld {
    /// What is written in the same transaction as the machine's state.
    mutating func record(_ effect: OrchestratorEffect) {
        switch effect {
        case .ask(let id):
            guard let approval = machine.commands[id]?.approval else {
                return problems.append("\(id) is asked about without a question")
            }
            if questions[approval] != nil || answers[approval] != nil {
                problems.append("asked twice: \(approval)")
            }
            questions[approval] = id
            if random.chance(10) {
                later(settings.seconds(settings.confirmationExpiry), .person(approval))
            } else {
                later(5...900, .person(approval))
            }
        case .withdraw(let approval):
            if questions.removeValue(forKey: approval) == nil { problems.append("\(approval) is not open") }
        case .alarm(let alarm):
            alarms += 1
            note(alarm)
            later(10...400, .help(alarm.branch, alarm.reason == .conflict ? .retry : .release))
        case .changed(let branch, _, .failed, _):
            // Somebody tries it again once, and not for ever.
            if interventions[branch, default: 0] < 3, random.chance(60) {
                later(10...400, .help(branch, .retry))
            }
        case .dropped(let id, .dead, _):
            if let branch = machine.commands[id]?.branch, random.chance(30) {
                later(10...60, .help(branch, .retry))
            }
        default: break
        }
    }

    mutating func perform(_ effect: OrchestratorEffect) {
        switch effect {
        case .spawn(let branch): spawn(branch)
        case .prepare(let branch, _):
            prepared[branch, default: 0] += 1
            later(0...1, .ours(.prepared(branch: branch, hash: "\(random.number(in: 0...5))")))
        case .decide(let branch):
            deciding += 1
            if deciding > settings.maxDecisions { problems.append("\(deciding) decisions side by side") }
            later(1...90, .ours(decision(for: branch)))
        case .run(let id): begin(id)
        case .interrupt(let id):
            if random.chance(80) { later(0...2, .event(.ended(command: id, end: .timedOut(tail: "^C")))) }
        default: break
        }
    }

    private mutating func spawn(_ branch: String) {
        if let agent = agents[branch], agent.isAlive {
            return later(0...1, .ours(.spawned(branch: branch, agent: agent.id)))
        }
        if random.chance(10) {
            let again = random.chance(80)
            return later(1...5, .ours(.notSpawned(branch: branch, reason: "no room", again: again)))
        }
        let dependencies = machine.graph[branch]?.dependsOn ?? []
        if agents[branch] == nil, dependencies.count > 1, random.chance(20) {
            let conflict = TaskStanding.Conflict(
                dependency: dependencies[random.number(in: 0...dependencies.count - 1)], files: ["README"])
            return later(1...5, .ours(.conflicted(branch: branch, conflict: conflict)))
        }
        var agent = agents[branch] ?? ScriptedAgent(id: AgentID("agent-\(branch)"))
        agent.isAlive = true
        agent.starts += 1
        if agent.starts > settings.agentRestarts + settings.commandTries + 1 {
            problems.append("\(branch) was started \(agent.starts) times")
        }
        agent.facts.state = .working
        agents[branch] = agent
        later(1...5, .ours(.spawned(branch: branch, agent: agent.id)))
        script(branch)
    }

    /// What the agent will do from here on.
    mutating func script(_ branch: String) {
        let isHelped = agents[branch]?.isHelped == true
        switch random.number(in: isHelped ? 0...49 : 0...99) {
        case 0..<50:
            for _ in 0..<3 { later(5...200, .agent(branch, .work)) }
            if random.chance(30) { later(5...200, .cancel(branch)) }
            if random.chance(10) {
                later(5...200, .help(branch, .hold))
                later(201...900, .help(branch, .release))
            }
            if random.chance(10) {
                later(5...200, .help(branch, .cancel))
                later(201...400, .help(branch, .retry))
            }
            later(200...600, .agent(branch, .finish))
        case 50..<65: later(5...300, .agent(branch, .die))
        case 65..<75:
            later(5...100, .agent(branch, .limit))
            later(300...2000, .agent(branch, .limitOver))
        case 75..<85: later(5...100, .agent(branch, .ask))
        default: later(1...20, .agent(branch, .work))  // and then it hangs
        }
    }

    mutating func act(_ branch: String, _ step: ScriptedAgent.Step) {
        guard var agent = agents[branch], agent.isAlive else { return }
        agent.facts.agent = agent.id
        switch step {
        case .work:
            agent.facts.printed += Int64(random.number(in: 0...500))
            agent.facts.state = random.chance(50) ? .working : .idle
            agent.facts.waitingFor = nil
        case .finish:
            agent.facts.state = .idle
            agent.facts.waitingFor = nil
            agent.facts.stages = ["test": random.chance(90) ? .completed : .failed]
            agent.facts.isMerged = true
        case .die:
            agent.isAlive = false
            agent.facts.state = random.chance(50) ? .exited : .gone
            agent.facts.exitStatus = agent.facts.state == .exited ? 1 : nil
        case .limit:
            agent.facts.state = .waiting
            agent.facts.waitingFor = .usageLimit
        case .limitOver:
            agent.facts.state = .idle
            agent.facts.waitingFor = nil
            later(50...500, .agent(branch, .finish))
        case .ask:
            agent.facts.state = .waiting
            agent.facts.waitingFor = .question
        }
        agents[branch] = agent
        take(.facts(branch: branch, facts: agent.facts))
        if step == .finish {
            take(.phase(branch: branch, phase: "done", source: .agent))
            if agent.facts.stages["test"] == .failed {
                agents[branch]?.facts.stages = ["test": .completed]
                later(10...100, .agent(branch, .work))
            }
        }
    }

    private mutating func begin(_ id: String) {
        guard let command = machine.commands[id] else { return }
        let key = "\(id)/\(command.tries)"
        // Typing under an id that was typed already does nothing; its end is still to come.
        guard begun.insert(key).inserted else { return }
        runs[id, default: 0] += 1
        switch random.number(in: 0...99) {
        case 0..<60: later(1...50, .event(.ended(command: id, end: .exited(code: 0, tail: "ok"))))
        case 60..<75: later(1...50, .event(.ended(command: id, end: .exited(code: 1, tail: "no"))))
        case 75..<90: later(1...5, .event(.ended(command: id, end: .notDelivered(reason: "busy"))))
        case 90..<95: later(1...5, .event(.ended(command: id, end: .delivered(receipt: "accepted"))))
        default: break  // it hangs
        }
    }

    private mutating func decision(for branch: String) -> OrchestratorEvent {
        guard random.chance(75) else { return .notDecided(branch: branch, reason: "nonsense") }
        var decision = Decision(summary: "on its way", phase: random.chance(20) ? "done" : "building")
        decision.requiresConfirmation = random.chance(10)
        for number in 0..<random.number(in: 0...3) {
            let text = random.chance(5) ? "forbidden" : "make part\(random.number(in: 0...9))-\(number)"
            let risks = RiskLevel.allCases
            let risk = random.number(in: 0...risks.count - 1)
            decision.commands.append(
                DecidedCommand(
                    text: text,
                    session: random.chance(20) ? session(for: branch) : nil, risk: risks[risk],
                    mode: random.chance(80) ? .shell : .dialogue))
        }
        return .decided(branch: branch, decision: decision)
    }

    /// Another task's agent.
    private mutating func session(for branch: String) -> String? {
        let other = tasks[random.number(in: 0...tasks.count - 1)].branch
        return other == branch ? nil : other
    }
}

extension OrchestratorSettings {
    func seconds(_ duration: Duration) -> ClosedRange<Int> {
        let seconds = Int(duration.components.seconds)
        return seconds...seconds
    }
}
