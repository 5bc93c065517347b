internal import ArgumentParser
internal import Core
internal import Fleet
internal import Orchestrator
internal import Store

struct TasksGraph: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph", abstract: "Draw which task waits for which",
        discussion: """
              tmux-agent tasks graph
              tmux-agent tasks graph --svg > tasks.svg
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Print an SVG picture") var svg = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let desk = TaskDesk(context: fleet)
        let board = try await desk.board()
        let picture = svg ? try TaskDrawing.svg(board) : try TaskDrawing.text(board)
        context.console.render(GraphView(board: board, picture: picture, isSVG: svg), json: context.json)
        try await PlanProblem.hint(desk, context)
    }
}

private struct GraphView: Renderable {
    var board: OrchestratorBoard
    var picture: String
    var isSVG: Bool

    var json: JSONValue {
        var object: JSONObject = [
            "tasks": .array(
                board.rows.map { row in
                    [
                        "branch": .string(row.task.id), "status": .string(row.status),
                        "depends_on": .array(row.task.task.dependsOn.map { .string($0) }),
                    ]
                })
        ]
        object.set("svg", isSVG ? picture : nil)
        return .object(object)
    }

    func text(_ style: Style) -> String { picture.hasSuffix("\n") ? String(picture.dropLast()) : picture }
}
