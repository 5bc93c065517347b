internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet
internal import Store
internal import SystemPackage

struct Sessions: FleetView {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "Show the agents of this fleet as they are now",
        discussion: """
            The truth of git and tmux, not what was once written: a session that was
            killed shows as gone.

              tmux-agent sessions
              tmux-agent ls --json
              tmux-agent sessions --config hosts.yaml
            """,
        aliases: ["ls"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption

    func run(_ context: CommandContext) async throws {
        if let records = try panes.records(context) { return try await show(records, context) }
        let fleet = try await context.fleet()
        async let policy = PolicyStanding.now(in: fleet)
        let agents = try await SessionList(context: fleet).load()
        context.console.render(
            SessionsView(agents: agents, now: context.surroundings.now()), json: context.json)
        for hint in agents.compactMap(\.spawnHint) { context.console.hint(hint) }
        if let warning = try await policy?.warning { context.console.hint(warning) }
        if agents.isEmpty { context.console.hint("No agents yet: tmux-agent spawn BRANCH --task \"…\"") }
    }

    private func show(_ records: PaneRecords, _ context: CommandContext) async throws {
        let list = try await PaneSessionList.load(records, context.surroundings)
        context.console.render(
            PaneSessionsView(panes: list.panes, now: context.surroundings.now()), json: context.json)
        if !list.isWatched { context.console.hint("Nobody watches: this is what 'run' saw last") }
    }
}

struct SessionsView: Renderable {
    var agents: [AgentSnapshot]
    var now: Timestamp

    var json: JSONValue { ["agents": .array(agents.map(\.json))] }

    func text(_ style: Style) -> String {
        guard !agents.isEmpty else { return "" }
        var table = Table(
            header: ["BRANCH", "STATE", "STAGE", "TEMPLATE", "SESSION", "AHEAD/BEHIND", "DIRTY", "AGE"])
        table.rows = agents.map { agent in
            [
                .init(agent.agent.place.branch, style: style.agentName),
                .init(agent.stateWords, style: style.of(agent.state)), .init(agent.stageWords),
                .init(agent.agent.program.template ?? "-"), .init(agent.agent.place.session.rawValue),
                .init(agent.countWords), .init(agent.isDirty.map { $0 ? "yes" : "no" } ?? "?"),
                .init(now.distance(from: agent.agent.createdAt).briefly),
            ]
        }
        return table.text(style)
    }
}

extension AgentState {
    func words(_ waitingFor: WaitingFor?, _ exitStatus: Int32?) -> String {
        if let waitingFor { return "\(rawValue): \(waitingFor.rawValue.replacing("_", with: " "))" }
        if self == .exited, let exitStatus { return "exited (\(exitStatus))" }
        return rawValue
    }
}

extension StageProgress {
    func words(asks: Bool) -> String {
        if asks { return "\(stage): asks for approval" }
        switch runState {
        case .completed: return "\(pipeline): completed"
        case .failed: return "\(stage): failed"
        case .cancelled: return "\(pipeline): cancelled"
        case .queued: return "\(pipeline): queued"
        case .running:
            let word =
                state == .waitingTrigger ? "waits" : state.rawValue.lowercased().replacing("_", with: " ")
            return "\(stage): \(word) (\(completed)/\(total))"
        }
    }
}

extension AgentSnapshot {
    var stateWords: String {
        state.words(waitingFor, exitStatus) + (isBriefingOwed ? ", briefing owed" : "")
    }

    private var isBriefingOwed: Bool { spawn == .briefingOwed && state != .exited && state != .gone }

    /// What to do about a spawn that somebody ended; nil when there is nothing.
    var spawnHint: String? {
        let branch = agent.place.branch
        if isBriefingOwed {
            return "'\(branch)' does not know its task: 'tmux-agent spawn \(branch)' or the daemon tells it"
        }
        guard spawn == .interrupted else { return nil }
        return "The spawn of '\(branch)' was interrupted: 'tmux-agent spawn \(branch)' finishes it, "
            + "'tmux-agent doctor --fix' takes it back"
    }
    var stageWords: String { stage?.words(asks: pendingApprovals > 0) ?? "-" }

    var countWords: String {
        guard let ahead, let behind else { return "-" }
        return "+\(ahead)/-\(behind)"
    }
}

extension Style {
    func of(_ state: AgentState) -> @Sendable (String) -> String {
        switch state {
        case .waiting: waiting
        case .working, .starting: working
        case .idle: success
        case .exited, .gone: error
        case .unknown: dim
        }
    }
}
