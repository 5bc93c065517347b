internal import ArgumentParser
internal import Core
internal import Daemon

struct NotifyRetry: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Send messages again that were given up",
        discussion: """
            They get another day. The daemon sends them, or the relay or 'run' that gave
            them up; while it does not run they wait.

              tmux-agent notify retry 17
              tmux-agent notify retry --all
              tmux-agent notify retry --all --config hosts.yaml
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Argument(help: "The message's number in 'notify dead'") var id: Int64?
    @Flag(name: .long, help: "All of them") var all = false

    func validate() throws {
        if (id == nil) != all { throw ValidationError("Name one message, or give --all") }
    }

    func run(_ context: CommandContext) async throws {
        let retried = try await DeadLetters.open(panes, context).retry(id)
        context.console.render(NotifyRetryView(count: retried.count), json: context.json)
        if retried.isOwnSleeping {
            context.console.hint(
                panes.config.map { "They wait for 'tmux-agent run --config \($0.visible)'" }
                    ?? "They wait for the daemon: 'tmux-agent up'")
        }
        for relay in retried.sleepingRelays {
            context.console.hint("They wait for the relay '\(relay.visible)': 'tmux-agent relay'")
        }
    }
}

private struct NotifyRetryView: Renderable {
    var count: Int
    var json: JSONValue { ["retried": .integer(Int64(count))] }
    func text(_ style: Style) -> String {
        count == 1 ? "1 message is sent again." : "\(count) messages are sent again."
    }
}
