internal import ArgumentParser
internal import Core
internal import Fleet
internal import Orchestrator

struct TasksHold: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Begin nothing for tasks until they are released",
        discussion: "  tmux-agent tasks hold feature/search")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Branches of tasks") var branches: [String]

    func run(_ context: CommandContext) async throws {
        try await TaskRequestView.ask(.hold, branches, context)
    }
}

struct TasksRelease: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Go on with tasks that were held, or paused by an alarm",
        discussion: "  tmux-agent tasks release feature/search")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Branches of tasks") var branches: [String]

    func run(_ context: CommandContext) async throws {
        try await TaskRequestView.ask(.release, branches, context)
    }
}

struct TasksCancel: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Give tasks up, or single commands of theirs",
        discussion: """
            The agent of a task is left as it is. A command that waits is dropped, its question
            taken back; a shell command that runs is interrupted.

              tmux-agent tasks cancel feature/search
              tmux-agent tasks cancel --command cmd-e3bnvy2samca4-5
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Branches of tasks") var branches: [String] = []
    @Option(
        name: .long,
        help: ArgumentHelp("A command of 'tasks commands' (can be repeated)", valueName: "id"))
    var command: [String] = []

    func validate() throws {
        if branches.isEmpty == command.isEmpty {
            throw ValidationError("Name either branches of tasks, or commands with --command")
        }
    }

    func run(_ context: CommandContext) async throws {
        guard command.isEmpty else { return try await TaskRequestView.cancel(command, context) }
        try await TaskRequestView.ask(.cancel, branches, context)
    }
}

struct TasksRetry: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Begin failed tasks anew, and try undelivered commands again",
        discussion: "  tmux-agent tasks retry feature/search")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Branches of tasks") var branches: [String]

    func run(_ context: CommandContext) async throws {
        try await TaskRequestView.ask(.retry, branches, context)
    }
}

private struct TaskRequestView: Renderable {
    var request: TaskRequest
    var branches: [String] = []
    var commands: [String] = []
    var isOrchestrated: Bool

    static func cancel(_ commands: [String], _ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        try await TaskDesk(context: fleet).cancel(commands: commands)
        try show(
            TaskRequestView(request: .cancel, commands: commands, isOrchestrated: fleet.isOrchestrated()),
            context)
    }

    static func ask(_ request: TaskRequest, _ branches: [String], _ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let desk = TaskDesk(context: fleet)
        try await desk.ask(request, of: branches)
        try show(
            TaskRequestView(request: request, branches: branches, isOrchestrated: fleet.isOrchestrated()),
            context)
    }

    private static func show(_ view: TaskRequestView, _ context: CommandContext) {
        context.console.render(view, json: context.json)
        guard !view.isOrchestrated else { return }
        context.console.hint("Nobody runs the tasks: it is done when 'tmux-agent up' runs")
    }

    var json: JSONValue {
        [
            "request": .string(request.rawValue), "branches": .array(branches.map { .string($0) }),
            "commands": .array(commands.map { .string($0) }), "orchestrated": .bool(isOrchestrated),
        ]
    }

    func text(_ style: Style) -> String { "Asked for it; see 'tmux-agent tasks list'." }
}
