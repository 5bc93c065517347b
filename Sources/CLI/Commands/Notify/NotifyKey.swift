internal import ArgumentParser
internal import Core
internal import Notify

struct NotifyKey: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Print the key that the channel 'webhook' signs with",
        discussion: """
            The receiver needs it to tell our calls from others. It answers no question:
            that key is another ('approvals key').

              tmux-agent notify key
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption

    func run(_ context: CommandContext) async throws {
        let secret = try await QuestionPlace.open(panes, context).secret()
        context.console.render(NotifyKeyView(key: WebhookKey(secret: secret).text), json: context.json)
    }
}

private struct NotifyKeyView: Renderable {
    var key: String
    var json: JSONValue { ["notify_key": .string(key)] }
    func text(_ style: Style) -> String { key }
}
