internal import ArgumentParser
internal import Core
internal import Fleet
internal import Store

struct Send: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "send",
        abstract: "Type a text or keys into an agent",
        discussion: """
            The text is put in as one, then Enter is pressed, each exactly once. The
            receipt says how far it got: queued, pasted, submitted, accepted.

              tmux-agent send feature/x "Please run the tests"
              git diff | tmux-agent send feature/x -
              tmux-agent send feature/x --keys C-c
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The agent's branch, id or session", completion: .shellCommand(Complete.agents))
    var agent: String
    @Argument(help: "The text, or '-' for standard input") var text: String?
    @Option(
        name: .long, parsing: .upToNextOption,
        help: ArgumentHelp("tmux key names such as C-c, Escape, Up", valueName: "key"))
    var keys: [String] = []
    @Flag(name: .customLong("no-enter"), help: "Leave the text in the input box") var noEnter = false

    func validate() throws {
        if text != nil, !keys.isEmpty { throw ValidationError("Give a text or --keys, not both") }
        if text == nil, keys.isEmpty { throw ValidationError("Give a text, '-' or --keys") }
    }

    func run(_ context: CommandContext) async throws {
        let content: SendContent =
            if let text {
                .text(text == "-" ? try StandardInput.readText() : text, enter: !noEnter)
            } else {
                .keys(keys)
            }
        let fleet = try await FleetContext.open(context.surroundings)
        let (agent, receipt) = try await Sender(context: fleet).send(content, to: self.agent)
        context.console.render(
            SendView(branch: agent.place.branch, receipt: receipt), json: context.json)
    }
}

private struct SendView: Renderable {
    var branch: String
    var receipt: SendReceipt

    var json: JSONValue {
        var object: JSONObject = ["branch": .string(branch), "receipt": .string(receipt.stage.rawValue)]
        object.set("detail", receipt.detail)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        "\(style.agentName(branch.visible)): \(receipt.stage.rawValue)"
            + (receipt.detail.map { " (\($0.visible))" } ?? "")
    }
}
