internal import ArgumentParser
internal import Core
internal import Fleet

struct Logs: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Print what an agent printed",
        discussion: """
            As text by default: escape sequences are carried out as a terminal would, each
            line once. --raw gives the bytes as they are.

              tmux-agent logs feature/x
              tmux-agent logs feature/x --follow
              tmux-agent logs feature/x --raw > pane.tap
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session", completion: .shellCommand(Complete.agents))
    var agent: String
    @Flag(name: .shortAndLong, help: "Go on as the agent prints") var follow = false
    @Flag(help: "The form of the output") var form = Form.text

    enum Form: EnumerableFlag {
        case text, raw
    }

    func validate() throws {
        if global.json, follow || form == .raw {
            throw ValidationError("--json prints one object; it does not go with --follow or --raw")
        }
    }

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let log = try await AgentLog(of: agent, context: fleet)
        if context.json {
            var lines: [String] = []
            try await log.readText(follow: false) { lines.append($0) }
            return context.console.render(LogView(agent: agent, lines: lines), json: true)
        }
        switch form {
        case .raw: try await log.readRaw(follow: follow) { Console.writeAll(1, bytes: $0) }
        case .text: try await log.readText(follow: follow) { context.console.result($0) }
        }
    }
}

private struct LogView: Renderable {
    var agent: String
    var lines: [String]

    var json: JSONValue { ["agent": .string(agent), "lines": .array(lines.map { .string($0) })] }

    func text(_ style: Style) -> String { lines.joined(separator: "\n") }
}
