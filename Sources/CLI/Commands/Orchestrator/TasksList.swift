internal import ArgumentParser
internal import Core
internal import Fleet
internal import Orchestrator
internal import Store

struct TasksList: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List tasks with where they stand",
        discussion: "  tmux-agent tasks list --json")

    @OptionGroup var global: GlobalOptions

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let desk = TaskDesk(context: fleet)
        let board = try await desk.board()
        let isRun = try desk.isOrchestrated()
        context.console.render(
            TaskBoardView(board: board, isOrchestrated: isRun, now: context.surroundings.now()),
            json: context.json)
        if board.isEmpty {
            context.console.hint(
                "No tasks: write [[tasks]] into .tmuxagent/orchestrator.toml, or 'tmux-agent tasks add'")
        } else if !isRun {
            context.console.hint("Nobody runs them: tmux-agent up")
        }
    }
}

struct TaskBoardView: Renderable {
    var board: OrchestratorBoard
    var isOrchestrated: Bool
    var now: Timestamp

    var json: JSONValue {
        ["orchestrated": .bool(isOrchestrated), "tasks": .array(board.rows.map(Self.json))]
    }

    static func json(_ row: OrchestratorBoard.Row) -> JSONValue {
        let (task, standing) = (row.task.task, row.task.standing)
        var object: JSONObject = ["branch": .string(task.branch), "title": .string(task.title)]
        object.set("state", row.task.state.rawValue)
        object.set("status", row.status)
        object.set("phase", standing?.phase)
        object.set("since", standing?.since)
        object.set("reason", standing?.reason)
        object.set("blocked_by", row.blockedBy)
        object.set("held", standing?.isHeld ?? false)
        object.set("paused", standing?.pause?.reason.rawValue)
        object.set("paused_why", standing?.pause?.detail)
        object.set("agent", standing?.facts.agent?.rawValue)
        object.set("agent_state", standing?.facts.state?.rawValue)
        object.set("priority", task.priority)
        object.set("source", row.task.source.rawValue)
        object.set("responsible", task.responsible)
        object.set("summary", standing?.deciding.summary)
        object["blockers"] = .array((standing?.deciding.blockers ?? []).map { .string($0) })
        object["depends_on"] = .array(task.dependsOn.map { .string($0) })
        object["stages"] = .array(task.stages.map { .string($0) })
        object["tags"] = .array(task.tags.map { .string($0) })
        object["queue"] = .array(row.commands.map(json))
        return .object(object)
    }

    private static func json(_ command: QueuedCommand) -> JSONValue {
        var object: JSONObject = ["id": .string(command.id), "text": .string(command.content.shownText)]
        object.set("state", command.state.rawValue)
        object.set("risk_level", command.content.risk.rawValue)
        object.set("approval", command.approval?.rawValue)
        object.set("tries", command.tries)
        object.set("due_at", command.dueAt)
        object.set("detail", command.detail)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        guard !board.rows.isEmpty else { return "" }
        var table = Table(header: ["TASK", "STATE", "PHASE", "SINCE", "QUEUE", "WHY"])
        table.rows = board.rows.map { row in
            let standing = row.task.standing
            return [
                .init(row.task.id, style: style.agentName),
                .init(row.status, style: colour(row.status, style)), .init(standing?.phase ?? ""),
                .init(standing.map { now.distance(from: $0.since).briefly } ?? ""),
                .init(row.commands.isEmpty ? "" : String(row.commands.count)), .init(why(row)),
            ]
        }
        return table.text(style, limit: 70)
    }

    private func why(_ row: OrchestratorBoard.Row) -> String {
        if let by = row.blockedBy { return "by \(by)" }
        if let pause = row.task.standing?.pause { return pause.detail }
        if let asked = row.commands.first(where: { $0.state == .confirming }) {
            return "approve \(asked.approval?.rawValue ?? ""): \(asked.content.shownText)"
        }
        if row.task.state == .waiting, !row.task.task.dependsOn.isEmpty, row.status == "waiting" {
            return "after \(row.task.task.dependsOn.joined(separator: ", "))"
        }
        return row.task.standing?.reason ?? ""
    }

    private func colour(_ status: String, _ style: Style) -> @Sendable (String) -> String {
        switch status {
        case "done": style.success
        case "failed", "blocked": style.error
        case "paused", "held": style.waiting
        default: style.working
        }
    }
}
