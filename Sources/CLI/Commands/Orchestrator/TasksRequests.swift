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
        commandName: "cancel", abstract: "Give tasks up; their agents are left as they are",
        discussion: "  tmux-agent tasks cancel feature/search")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Branches of tasks") var branches: [String]

    func run(_ context: CommandContext) async throws {
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
    var branches: [String]
    var isOrchestrated: Bool

    static func ask(_ request: TaskRequest, _ branches: [String], _ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let desk = TaskDesk(context: fleet)
        try await desk.ask(request, of: branches)
        let isRun = try fleet.isOrchestrated()
        context.console.render(
            TaskRequestView(request: request, branches: branches, isOrchestrated: isRun), json: context.json)
        if !isRun { context.console.hint("Nobody runs the tasks: it is done when 'tmux-agent up' runs") }
    }

    var json: JSONValue {
        [
            "request": .string(request.rawValue), "branches": .array(branches.map { .string($0) }),
            "orchestrated": .bool(isOrchestrated),
        ]
    }

    func text(_ style: Style) -> String { "Asked for it; see 'tmux-agent tasks list'." }
}
