internal import ArgumentParser
internal import Core
internal import Fleet
internal import GitKit

struct Diff: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show what an agent changed since its branch left the base",
        discussion: """
              tmux-agent diff feature/x
              tmux-agent diff feature/x --stat
              tmux-agent diff feature/x --uncommitted
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session", completion: .shellCommand(Complete.agents))
    var agent: String
    @Flag(name: .long, help: "Only how many files and lines") var stat = false
    @Flag(name: .long, help: "Only what is not committed") var uncommitted = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let diff = try await AgentDiff(of: agent, uncommitted: uncommitted, context: fleet)
        if !context.json, case let untracked = try await diff.untracked(), !untracked.isEmpty {
            context.console.hint("Not in the diff: \(RemovalProof.Loss.untracked(untracked).words)")
        }
        if stat || context.json {
            let counts = try await diff.stat()
            return context.console.render(DiffStatView(branch: diff.branch, stat: counts), json: context.json)
        }
        if context.console.isOutTerminal, try await diff.stat().files > 0 {
            let (arguments, environment) = try await diff.pagerCommand()
            try Exec.become(arguments, environment: environment, in: diff.worktree)
        }
        let bytes = try await diff.bytes()
        if bytes.isEmpty { context.console.note("Nothing is changed.") }
        Console.writeAll(1, bytes: bytes)
    }
}

private struct DiffStatView: Renderable {
    var branch: String
    var stat: DiffStat

    var json: JSONValue {
        var object: JSONObject = ["branch": .string(branch)]
        object.set("files", stat.files)
        object.set("insertions", stat.insertions)
        object.set("deletions", stat.deletions)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        "\(stat.files) file\(stat.files == 1 ? "" : "s"), \(style.success("+\(stat.insertions)")) \(style.error("-\(stat.deletions)"))"
    }
}
