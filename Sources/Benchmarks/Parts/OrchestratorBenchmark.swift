internal import Core
internal import Store
internal import SystemPackage

/// What running many tasks costs: the decisions of the machine and the transactions that keep them.
struct OrchestratorBenchmark: Benchmark {
    static let name = "orchestrator"

    /// How long a scripted agent takes, in the time that is only counted: agents of flesh take minutes.
    private static let agentSeconds: Int64 = 3

    func run(in workshop: Workshop) async throws -> [Row] {
        [try await tasks(workshop), commands(workshop)]
    }

    private func tasks(_ workshop: Workshop) async throws -> Row {
        let count = workshop.isQuick ? 100 : 1000
        let path = workshop.folder.appending("orchestrator.db")
        let start = workshop.surroundings.now()
        let fleet = try Store.open(path: path, role: .daemon, now: start).fleet(FleetID("fleet-bench"))
        try await fleet.register(
            FleetRegistration(id: fleet.fleet, name: "bench", path: workshop.folder), at: start)
        let tasks = (0..<count).map { number in
            // A graph without chance: up to three dependencies among the sixty before.
            let behind = (0..<number % 4).map { number - 1 - ($0 * 17 + number * 7) % 60 }.filter { $0 >= 0 }
            return PlannedTask(branch: "t\(number)", dependsOn: Set(behind).sorted().map { "t\($0)" })
        }
        try await fleet.replaceFileTasks(tasks)
        var settings = OrchestratorSettings()
        settings.maxAgents = 50
        var machine = OrchestratorMachine(settings: settings, salt: "bench")
        var (now, spawned, done) = (start, 0, Set<String>())
        var line: [(at: Timestamp, branch: String)] = []
        var isOrdered = true
        func give(_ event: OrchestratorEvent) async throws {
            let effects = machine.receive(event, at: now)
            try await fleet.commit(
                OrchestrationStep(changes: machine.takeChanges()), for: .mainCheckout, at: now)
            for case .spawn(let branch) in effects {
                spawned += 1
                isOrdered =
                    isOrdered
                    && tasks.first { $0.branch == branch }?.dependsOn.allSatisfy(done.contains) != false
                line.append((now.advanced(by: .seconds(Self.agentSeconds)), branch))
            }
        }
        let clock = ContinuousClock.now
        try await give(.planned(tasks: tasks))
        var next = 0
        while next < line.count {
            let (at, branch) = line[next]
            next += 1
            now = max(now, at)
            try await give(.spawned(branch: branch, agent: AgentID("agent-\(branch)")))
            done.insert(branch)
            try await give(.phase(branch: branch, phase: "done", source: .agent))
        }
        let cost = clock.duration(to: .now).inSeconds
        let wall = Double(now.distance(from: start).inMilliseconds) / 1000
        let share = cost / wall * 100
        let isRight = isOrdered && done.count == count && spawned == count
        return Row(
            "orchestrator, \(count) tasks in a graph, 50 slots, agents of \(Self.agentSeconds) s (counted, not waited for), every step stored",
            goal: "under 2 % of the wall time, each task once behind its dependencies",
            measured:
                "\(share.rounded(to: 2)) % (\(cost.rounded(to: 2)) s of \(wall.rounded(to: 0)) s), \(isRight ? "each once" : "WRONG ORDER")",
            isMet: share < 2 && isRight)
    }

    private func commands(_ workshop: Workshop) -> Row {
        let (branches, each) = (20, workshop.isQuick ? 50 : 500)
        var settings = OrchestratorSettings()
        settings.hasDecider = true
        (settings.cooldown, settings.sessionCooldown) = (.zero, .zero)
        (settings.maxCommandsPerCycle, settings.maxAgents) = (1000, branches)
        var machine = OrchestratorMachine(settings: settings, salt: "bench")
        let now = workshop.surroundings.now()
        var running: [String] = []
        func give(_ event: OrchestratorEvent) {
            for case .run(let id) in machine.receive(event, at: now) { running.append(id) }
            _ = machine.takeChanges()
        }
        give(.planned(tasks: (0..<branches).map { PlannedTask(branch: "t\($0)") }))
        for number in 0..<branches {
            let branch = "t\(number)"
            give(.spawned(branch: branch, agent: AgentID("agent-\(branch)")))
            var facts = TaskFacts()
            facts.agent = AgentID("agent-\(branch)")
            facts.state = .idle
            give(.facts(branch: branch, facts: facts))
            give(.prepared(branch: branch, hash: "h"))
            let list = (0..<each).map { DecidedCommand(text: "c\($0)") }
            give(.decided(branch: branch, decision: Decision(commands: list)))
        }
        let clock = ContinuousClock.now
        var count = 0
        while let id = running.popLast() {
            count += 1
            give(.ended(command: id, end: .exited(code: 0, tail: "")))
        }
        let time = clock.duration(to: .now).inSeconds
        return Row(
            "orchestrator, \(branches * each) queued commands scheduled to their ends",
            goal: "10,000 under 1 s", measured: "\(time.rounded(to: 2)) s",
            isMet: count == branches * each && time < 1)
    }
}
