import Core

/// A machine with a clock, and what it wanted done.
struct OrchestratorDesk {
    var machine: OrchestratorMachine
    var now = Timestamp(milliseconds: 1_000_000)
    var effects: [OrchestratorEffect] = []

    init(
        tasks: [PlannedTask], rules: CommandRules = CommandRules(),
        _ settle: (inout OrchestratorSettings) -> Void = { _ in }
    ) {
        var settings = OrchestratorSettings()
        settle(&settings)
        machine = OrchestratorMachine(settings: settings, rules: rules, salt: "t")
        take(.planned(tasks: tasks))
    }

    mutating func take(_ event: OrchestratorEvent) {
        effects += machine.receive(event, at: now)
        for command in machine.takeChanges().commands { texts[command.id] = command.content.text }
    }

    mutating func pass(_ duration: Duration) {
        now = now.advanced(by: duration)
        take(.tick)
    }

    mutating func run(_ branch: String) {
        take(.spawned(branch: branch, agent: AgentID("agent-\(branch)")))
        facts(branch) { $0.state = .idle }
    }

    mutating func facts(_ branch: String, _ change: (inout TaskFacts) -> Void) {
        var facts = machine.standings[branch]?.facts ?? TaskFacts()
        change(&facts)
        take(.facts(branch: branch, facts: facts))
    }

    mutating func finish(_ branch: String) {
        run(branch)
        take(.phase(branch: branch, phase: "done", source: .agent))
    }

    mutating func decide(_ branch: String, _ decision: Decision, hash: String = "h") {
        take(.prepared(branch: branch, hash: hash))
        take(.decided(branch: branch, decision: decision))
    }

    func state(_ branch: String) -> TaskStanding.State? { machine.standings[branch]?.state }
    func count(_ condition: (OrchestratorEffect) -> Bool) -> Int { effects.count(where: condition) }

    var spawned: [String] {
        effects.compactMap { if case .spawn(let branch) = $0 { branch } else { nil } }
    }

    var begun: [String] {
        effects.compactMap { effect in
            guard case .run(let id) = effect else { return nil }
            return texts[id]
        }
    }

    var alarms: [TaskStanding.Pause.Reason] {
        effects.compactMap { if case .alarm(let alarm) = $0 { alarm.reason } else { nil } }
    }

    var prepared: [DecisionPrompt] {
        effects.compactMap { if case .prepare(_, let prompt) = $0 { prompt } else { nil } }
    }

    var told: [String] {
        effects.compactMap { if case .tell(_, _, let text) = $0 { text } else { nil } }
    }

    var dropped: [QueuedCommand.State] {
        effects.compactMap { if case .dropped(_, let state, _) = $0 { state } else { nil } }
    }

    /// By id: the machine forgets commands that ended.
    private var texts: [String: String] = [:]
}
