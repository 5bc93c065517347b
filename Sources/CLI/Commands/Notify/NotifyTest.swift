internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet

struct NotifyTest: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a message through a channel now",
        discussion: """
            It is really sent, at once and beside the queue: quiet hours and the rate do
            not count. Variables come from the environment, else from ~/.tmux_agent/env or
            '[notify] env_file'.

              tmux-agent notify test wecom
              tmux-agent notify test webhook --title "Is this on?" --severity critical
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "stdout, desktop, tmux, webhook, wecom, wecom_app, serverchan or local_bus")
    var channel: String
    @Option(name: .long, help: "What the message begins with") var title = "A test of tmux-agent"
    @Option(name: .long, help: "What it says") var body = "If you can read this, the channel works."
    @Option(name: .long, help: "info, warning or critical") var severity = "info"

    func validate() throws {
        guard Notice.Severity(rawValue: severity) == nil else { return }
        throw ValidationError("'\(severity)' is no severity: use info, warning or critical")
    }

    func run(_ context: CommandContext) async throws {
        let notice = Notice(title: title, body: body, severity: Notice.Severity(rawValue: severity) ?? .info)
        let fleet = try await FleetContext.open(context.surroundings)
        try fleet.requireTrust()
        try await ChannelTrial(context: fleet).send(notice, through: channel)
        context.console.render(NotifyTestView(channel: channel), json: context.json)
    }
}

private struct NotifyTestView: Renderable {
    var channel: String
    var json: JSONValue { ["channel": .string(channel), "delivered": true] }
    func text(_ style: Style) -> String { "The channel '\(channel.visible)' took the message." }
}
