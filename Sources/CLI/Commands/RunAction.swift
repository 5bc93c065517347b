internal import ArgumentParser
internal import Core
internal import SystemPackage
internal import Watch

/// The child's side of a shell action; started by the daemon, not by people.
struct RunAction: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-action", abstract: "Run a shell action of a stage", shouldDisplay: false)

    @OptionGroup var global: GlobalOptions
    @Option(name: .long) var folder: String
    @Option(name: .long) var timeoutMs: Int
    @Argument var command: String

    func run(_ context: CommandContext) async throws {
        let runner = ShellActionRunner(
            folder: FilePath(folder), command: command, timeout: .milliseconds(timeoutMs),
            environment: context.surroundings.environment)
        _ = try runner.run()
    }
}
