internal import ArgumentParser
internal import Core

/// Options that every command has.
struct GlobalOptions: ParsableArguments {
    @Flag(name: .long, help: "Print the result as one JSON object")
    var json = false

    @Flag(name: .shortAndLong, help: "Print no progress, notes or hints")
    var quiet = false

    @Option(name: .long, help: "When to use colour: auto, always or never")
    var color: Console.ColorMode = .auto

    @Option(name: [.customShort("C"), .customLong("directory")], help: "Run as if started in this folder")
    var directory: String?
}

extension Console.ColorMode: ExpressibleByArgument {}

/// What a running command is given.
struct CommandContext: Sendable {
    var surroundings: Surroundings
    var console: Console
    var json: Bool
}

/// A command of ours: it checks its arguments, calls one use case and renders the result.
protocol AgentCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    func run(_ context: CommandContext) async throws
}

extension AgentCommand {
    /// Never called: `Program` gives every command its context.
    func run() async throws { preconditionFailure("\(Self.self) was run without a context") }
}
