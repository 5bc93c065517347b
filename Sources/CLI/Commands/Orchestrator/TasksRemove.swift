internal import ArgumentParser
internal import Core
internal import Fleet
internal import Orchestrator

struct TasksRemove: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Take tasks out of the plan that were added to it",
        discussion: """
            Their branches and agents stay. What runs is given up first ('tasks cancel'); tasks of
            orchestrator.toml are taken out of the file.

              tmux-agent tasks remove feature/search
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Branches of tasks") var branches: [String]

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        try await TaskDesk(context: fleet).remove(branches)
        context.console.render(TasksRemovedView(branches: branches), json: context.json)
    }
}

private struct TasksRemovedView: Renderable {
    var branches: [String]

    var json: JSONValue { ["removed": .array(branches.map { .string($0) })] }

    func text(_ style: Style) -> String {
        branches.map { "Removed \(style.agentName($0.visible))" }.joined(separator: "\n")
    }
}
