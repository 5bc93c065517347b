internal import ArgumentParser
internal import Core
internal import Fleet

struct Attach: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Show an agent's session in this terminal",
        discussion: """
            Leave it with tmux's detach key (Ctrl-b d); the agent goes on. Inside tmux on
            the same server the client is switched.

              tmux-agent attach feature/x
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session", completion: .shellCommand(Complete.agents))
    var agent: String

    func run(_ context: CommandContext) async throws {
        try await Self.attach(to: agent, context)
    }

    static func attach(to name: String, _ context: CommandContext) async throws -> Never {
        let fleet = try await FleetContext.open(context.surroundings)
        let (arguments, environment) = try await Attacher(context: fleet).command(for: name)
        // Inside tmux another client's terminal is switched.
        guard
            arguments.contains("switch-client")
                || (context.console.isInTerminal && context.console.isOutTerminal)
        else { throw CLIError.needsTerminal("attach") }
        try Exec.become(arguments, environment: environment)
    }
}
