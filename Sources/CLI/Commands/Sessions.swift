internal import ArgumentParser
internal import Core
internal import Fleet
internal import Store
internal import SystemPackage

struct Sessions: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "sessions",
        abstract: "Show the agents of this fleet as they are now",
        discussion: """
            The truth of git and tmux, not what was once written: a session that was
            killed shows as gone.

              tmux-agent sessions
              tmux-agent ls --json
            """,
        aliases: ["ls"])

    @OptionGroup var global: GlobalOptions

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        async let policy = PolicyStanding.now(in: fleet)
        let agents = try await SessionList(context: fleet).load()
        context.console.render(
            SessionsView(agents: agents, now: context.surroundings.now()), json: context.json)
        if let warning = try await policy?.warning { context.console.hint(warning) }
        if agents.isEmpty { context.console.hint("No agents yet: tmux-agent spawn BRANCH --task \"…\"") }
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

extension AgentSnapshot {
    var stateWords: String {
        if let waitingFor { return "\(state.rawValue): \(waitingFor.rawValue.replacing("_", with: " "))" }
        if state == .exited, let exitStatus { return "exited (\(exitStatus))" }
        return state.rawValue
    }

    var stageWords: String {
        guard let stage else { return "-" }
        if pendingApprovals > 0 { return "\(stage.stage): asks for approval" }
        switch stage.runState {
        case .completed: return "\(stage.pipeline): completed"
        case .failed: return "\(stage.stage): failed"
        case .cancelled: return "\(stage.pipeline): cancelled"
        case .queued: return "\(stage.pipeline): queued"
        case .running:
            let word =
                stage.state == .waitingTrigger
                ? "waits" : stage.state.rawValue.lowercased().replacing("_", with: " ")
            return "\(stage.stage): \(word) (\(stage.completed)/\(stage.total))"
        }
    }

    var countWords: String {
        guard let ahead, let behind else { return "-" }
        return "+\(ahead)/-\(behind)"
    }

    var json: JSONValue {
        var object: JSONObject = ["id": .string(agent.id.rawValue), "branch": .string(agent.place.branch)]
        object.set("state", state.rawValue)
        object.set("waiting_for", waitingFor?.rawValue)
        object.set("exit_status", exitStatus.map { Int($0) })
        object.set("since", since)
        object.set("stage", stage?.stage)
        object.set("stage_state", stage?.state.rawValue)
        object.set("pipeline", stage?.pipeline)
        object.set("run_state", stage?.runState.rawValue)
        object.set("pending_approvals", pendingApprovals)
        object.set("template", agent.program.template)
        object.set("model", agent.program.model)
        object.set("task", agent.program.task)
        object.set("session", agent.place.session.rawValue)
        object.set("pane", agent.pane?.pane.description)
        object.set("worktree", agent.place.worktree.string)
        object.set("ahead", ahead)
        object.set("behind", behind)
        object.set("dirty", isDirty)
        object.set("facts_at", factsAt)
        object.set("created_at", agent.createdAt)
        return .object(object)
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
