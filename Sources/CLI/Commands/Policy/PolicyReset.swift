internal import ArgumentParser
internal import Core
internal import Fleet

struct PolicyReset: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset", abstract: "Begin an agent's pipelines, or from one stage on, anew",
        discussion: """
              tmux-agent policy reset feature/x
              tmux-agent policy reset feature/x --stage test
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session, or the main checkout's branch") var agent: String
    @Option(name: .long, help: "Put back this stage and those behind it") var stage: String?
    @Option(name: .long, help: "Only this pipeline") var pipeline: String?

    func run(_ context: CommandContext) async throws {
        try await PolicyRequestView.ask(.reset(pipeline: pipeline, stage: stage), of: agent, context)
    }
}

struct PolicyRetry: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Try the failed stage of an agent's run once more",
        discussion: "  tmux-agent policy retry feature/x")

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session, or the main checkout's branch") var agent: String
    @Option(name: .long, help: "Only this pipeline") var pipeline: String?

    func run(_ context: CommandContext) async throws {
        try await PolicyRequestView.ask(.retry(pipeline: pipeline), of: agent, context)
    }
}

private struct PolicyRequestView: Renderable {
    var branch: String
    var isWatched: Bool

    static func ask(_ request: PolicyRequest, of agent: String, _ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let branch = try await PolicyRequester(context: fleet).ask(request, of: agent)
        let isWatched = try fleet.isWatched()
        context.console.render(PolicyRequestView(branch: branch, isWatched: isWatched), json: context.json)
        if !isWatched {
            context.console.hint("No daemon watches this fleet: it is done when 'tmux-agent up' runs")
        }
    }

    var json: JSONValue { ["branch": .string(branch), "watched": .bool(isWatched)] }

    func text(_ style: Style) -> String { "Asked for it; see 'tmux-agent policy explain \(branch.visible)'." }
}
