internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet

struct NotifyRetry: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Send messages again that were given up",
        discussion: """
            They get another day. The daemon sends them; while none runs they wait.

              tmux-agent notify retry 17
              tmux-agent notify retry --all
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "The message's number in 'notify dead'") var id: Int64?
    @Flag(name: .long, help: "All of them") var all = false

    func validate() throws {
        if (id == nil) != all { throw ValidationError("Name one message, or give --all") }
    }

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        let count = try await DeadLetters(context: fleet).retry(id)
        context.console.render(NotifyRetryView(count: count), json: context.json)
        if try !fleet.isWatched() { context.console.hint("They wait for the daemon: 'tmux-agent up'") }
    }
}

private struct NotifyRetryView: Renderable {
    var count: Int
    var json: JSONValue { ["retried": .integer(Int64(count))] }
    func text(_ style: Style) -> String {
        count == 1 ? "1 message is sent again." : "\(count) messages are sent again."
    }
}
