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
        let isRun = try fleet.isOrchestrated()
        let shortage = try await desk.shortage(of: board)
        context.console.render(
            TaskBoardView(
                board: board, isOrchestrated: isRun, shortage: shortage, now: context.surroundings.now()),
            json: context.json)
        if board.isEmpty {
            context.console.hint(
                "No tasks: write [[tasks]] into .tmuxagent/orchestrator.toml, or 'tmux-agent tasks add'")
        } else if !isRun {
            context.console.hint("Nobody runs them: tmux-agent up")
        }
        try await PlanProblem.hint(desk, context)
        for row in board.rows where row.task.standing?.conflict != nil {
            context.console.hint("\(row.task.id): \(row.task.standing?.reason ?? "")")
        }
    }
}

private struct TaskBoardView: Renderable {
    var board: OrchestratorBoard
    var isOrchestrated: Bool
    var shortage: Shortage?
    var now: Timestamp

    var json: JSONValue {
        [
            "orchestrated": .bool(isOrchestrated), "tasks": .array(board.rows.map(\.json)),
            "decisions": .array(board.decisions.map(json)),
            "shortage": shortage.map { .string($0.words) } ?? .null,
        ]
    }

    private func json(_ decision: RecordedDecision) -> JSONValue {
        var object: JSONObject = ["branch": .string(decision.branch), "at": .string(decision.at.iso8601)]
        object.set("prompt", decision.prompt.rawValue)
        object.set("outcome", decision.outcome)
        object["seconds"] = .number(Double(decision.duration.inMilliseconds) / 1000)
        object.set("reason", decision.reason)
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
        if row.status == "ready", let shortage { return shortage.words }
        if row.status == "running", let error = row.task.standing?.deciding.lastError { return error }
        return row.task.standing?.reason ?? (row.status == "done" ? row.task.standing?.deciding.summary : nil)
            ?? ""
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
