internal import ArgumentParser
internal import Core
internal import Fleet

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

extension GlobalOptions {
    /// Options of every command may also stand before its name, as git's `-C` does: they are put behind it.
    static func movedBehindCommand(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var moved: [String] = []
        while let first = rest.first, let count = length(of: first) {
            moved += rest.prefix(count)
            rest = rest.dropFirst(count)
        }
        guard !moved.isEmpty, !rest.isEmpty else { return arguments }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        return Array(rest[..<end]) + moved + rest[end...]
    }

    /// How many words this option has with its value; nil when it is none of ours.
    private static func length(of word: String) -> Int? {
        switch word {
        case "--json", "--quiet", "-q": 1
        case "-C", "--directory", "--color": 2
        default: word.hasPrefix("--directory=") || word.hasPrefix("--color=") ? 1 : nil
        }
    }
}

extension Console.ColorMode: ExpressibleByArgument {}

/// What a running command is given.
struct CommandContext: Sendable {
    var surroundings: Surroundings
    var console: Console
    var json: Bool
    /// The fleet, when it was opened while the arguments were parsed.
    var opened: FleetContext?

    /// The fleet of the surroundings' folder; throws what ``FleetContext/open(_:role:adjusting:)`` throws.
    func fleet() async throws -> FleetContext {
        if let opened { return opened }
        return try await FleetContext.open(surroundings)
    }
}

/// A command of ours: it checks its arguments, calls one use case and renders the result.
protocol AgentCommand: AsyncParsableCommand {
    var global: GlobalOptions { get }
    func run(_ context: CommandContext) async throws
}

/// A command that shows the fleet: it is opened while the arguments are parsed, which takes as long.
protocol FleetView: AgentCommand {}

extension AgentCommand {
    /// Never called: `Program` gives every command its context.
    func run() async throws { preconditionFailure("\(Self.self) was run without a context") }
}
