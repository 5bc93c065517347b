internal import ArgumentParser
internal import Core
internal import Fleet
internal import Orchestrator

struct TasksCommands: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "commands", abstract: "List the commands of tasks with their ids",
        discussion: """
            Those that wait, run, or could not be delivered; with --all the newest of any state.

              tmux-agent tasks commands
              tmux-agent tasks commands feature/search --all --limit 20
              tmux-agent tasks cancel --command cmd-e3bnvy2samca4-5
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Branches of tasks (default: all)") var branches: [String] = []
    @Flag(name: .long, help: "Also those that came to their end") var all = false
    @Option(name: .long, help: "With --all at most so many") var limit = 50

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit takes a number from 1 on") }
    }

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let commands = try await TaskDesk(context: fleet).commands(of: branches, all: all, limit: limit)
        context.console.render(
            TaskCommandsView(commands: commands, now: context.surroundings.now()), json: context.json)
        if commands.isEmpty {
            context.console.hint(
                all ? "No command was ever queued" : "Nothing waits or runs; see those that ended with --all")
        }
    }
}

private struct TaskCommandsView: Renderable {
    var commands: [QueuedCommand]
    var now: Timestamp

    var json: JSONValue { ["commands": .array(commands.map(\.json))] }

    func text(_ style: Style) -> String {
        guard !commands.isEmpty else { return "" }
        var table = Table(header: ["ID", "TASK", "STATE", "AGE", "RISK", "COMMAND", "WHY"])
        table.rows = commands.map { command in
            [
                .init(command.id), .init(command.branch, style: style.agentName),
                .init(command.state.rawValue, style: colour(command.state, style)),
                .init(now.distance(from: command.createdAt).briefly), .init(command.content.risk.rawValue),
                .init(command.content.shownText), .init(why(command)),
            ]
        }
        return table.text(style, limit: 60)
    }

    private func why(_ command: QueuedCommand) -> String {
        if command.state == .confirming { return "approve \(command.approval?.rawValue ?? "")" }
        if command.state == .failed, let code = command.exitCode { return "exit \(code)" }
        return command.detail ?? ""
    }

    private func colour(_ state: QueuedCommand.State, _ style: Style) -> @Sendable (String) -> String {
        switch state {
        case .done: style.success
        case .failed, .dead, .refused, .expired: style.error
        case .confirming: style.waiting
        case .queued, .running, .cancelled: style.working
        }
    }
}
