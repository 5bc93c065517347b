internal import ArgumentParser
internal import Core
internal import Fleet

struct PolicyReset: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Begin an agent's pipelines, or from one stage on, anew",
        discussion: """
              tmux-agent policy reset feature/x
              tmux-agent policy reset feature/x --stage test
              tmux-agent policy reset %3 --config hosts.yaml
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Argument(help: "The agent's branch, id or session, the main checkout's branch, or a pane of 'run'")
    var agent: String
    @Option(name: .long, help: "Put back this stage and those behind it") var stage: String?
    @Option(name: .long, help: "Only this pipeline") var pipeline: String?

    func run(_ context: CommandContext) async throws {
        try await PolicyRequestView.ask(.reset(pipeline: pipeline, stage: stage), of: agent, panes, context)
    }
}

struct PolicyRetry: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try the failed stage of an agent's run once more",
        discussion: "  tmux-agent policy retry feature/x")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Argument(help: "The agent's branch, id or session, the main checkout's branch, or a pane of 'run'")
    var agent: String
    @Option(name: .long, help: "Only this pipeline") var pipeline: String?

    func run(_ context: CommandContext) async throws {
        try await PolicyRequestView.ask(.retry(pipeline: pipeline), of: agent, panes, context)
    }
}

private struct PolicyRequestView: Renderable {
    var branch: String
    var isWatched: Bool
    var isPane = false

    static func ask(
        _ request: PolicyRequest, of agent: String, _ panes: PaneOption, _ context: CommandContext
    ) async throws {
        if let records = try panes.records(context) {
            let requester = PolicyRequester(
                panes: try await records.store(context.surroundings), context.surroundings)
            let view = PolicyRequestView(
                branch: try await requester.ask(request, of: agent), isWatched: try records.isWatched(),
                isPane: true)
            context.console.render(view, json: context.json)
            if !view.isWatched { context.console.hint("It is done when 'tmux-agent run' runs") }
            return
        }
        let fleet = try await FleetContext.open(context.surroundings)
        let branch = try await PolicyRequester(context: fleet).ask(request, of: agent)
        let isWatched = try fleet.isWatched()
        context.console.render(PolicyRequestView(branch: branch, isWatched: isWatched), json: context.json)
        if !isWatched {
            context.console.hint("No daemon watches this fleet: it is done when 'tmux-agent up' runs")
        }
    }

    var json: JSONValue { [isPane ? "pane" : "branch": .string(branch), "watched": .bool(isWatched)] }

    func text(_ style: Style) -> String {
        "Asked for it; see 'tmux-agent policy explain \(branch.visible)\(isPane ? " --config …" : "")'."
    }
}
