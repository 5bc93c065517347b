internal import Core
internal import ProcessKit
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
        let plan = Self.randomPlan(count)
        let path = workshop.folder.appending("orchestrator.db")
        var run = try await PlanRun(plan, database: path, workshop: workshop)
        let before = OwnProcess().processorSeconds
        try await run.begin()
        while try await run.finishNext(after: .seconds(Self.agentSeconds)) {
            if run.done.count == count / 2 { try await run.restart() }
        }
        let cost = OwnProcess().processorSeconds - before
        let share = cost / run.wallSeconds * 100
        let isRight = run.isOrdered && run.hasGoneOn && run.done.count == count && run.spawned == count
        return Row(
            "orchestrator, \(count) tasks in a random graph, 50 slots, agents of \(Self.agentSeconds) s (counted, not waited for), every step stored, a new process in the middle",
            goal: "under 2 % of the wall time, each task once behind its dependencies",
            measured:
                "\(share.rounded(to: 2)) % (\(cost.rounded(to: 2)) s of CPU in \(run.wallSeconds.rounded(to: 0)) s), \(isRight ? "each once" : "WRONG")",
            isMet: share < 2 && isRight)
    }

    /// Up to three dependencies for each task, among the eighty before it.
    private static func randomPlan(_ count: Int) -> [PlannedTask] {
        var state: UInt64 = 7
        func number(below limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        return (0..<count).map { place in
            let behind = (0..<number(below: 4)).compactMap { _ in
                place == 0 ? nil : place - 1 - number(below: min(place, 80))
            }
            return PlannedTask(branch: "t\(place)", dependsOn: Set(behind).sorted().map { "t\($0)" })
        }
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
