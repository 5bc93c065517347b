internal import ArgumentParser
internal import Core
internal import Daemon
internal import SystemPackage

struct RelayCommand: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Pass the local bus's notifications on to a channel",
        discussion: """
            Reads notifications.jsonl of the bus on from where it stopped and sends each
            line once; approvals with their links. What a channel does not take is tried
            again for a day.

              tmux-agent relay --channel wecom
              tmux-agent relay --config hosts.yaml --channel wecom,serverchan --interval 5
              tmux-agent relay --channel webhook --once
            """)

    @OptionGroup var global: GlobalOptions
    @Option(
        name: .long, help: "A hosts.yaml, or a fleet's folder (default: the fleet of this folder)",
        completion: .file())
    var config: String?
    @Option(name: .long, help: "Where to send, several with commas") var channel: String
    @Option(name: .long, help: "Seconds between two looks at the latest") var interval = 2.0
    @Flag(name: .long, help: "Pass on what is there, and end") var once = false
    @Option(
        name: .long, help: "The name under which it is kept how far it is (default: relay-CHANNEL)")
    var offsetName: String?
    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (0.05...3600).contains(interval) else {
            throw ValidationError("--interval takes 0.05 to 3600 seconds")
        }
        if channels.isEmpty { throw ValidationError("--channel names no channel") }
        if let offsetName, offsetName.isEmpty || offsetName.utf8.count > 80 {
            throw ValidationError("--offset-name takes 1 to 80 bytes")
        }
    }

    private var channels: [String] {
        channel.split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }.filter { !$0.isEmpty }
    }

    func run(_ context: CommandContext) async throws {
        let relay = Relay(
            surroundings: context.surroundings,
            options: .init(
                configuration: config.map { FilePath($0) }, channels: channels,
                interval: .milliseconds(Int64(interval * 1000)), once: once, offsetName: offsetName),
            log: log.logger(context))
        guard let pass = try await relay.run() else { return }
        context.console.render(RelayPassView(sent: pass.sent), json: context.json)
        if pass.isBusUnused {
            context.console.hint(
                "The bus is empty: name 'local_bus' among the channels of fleet.toml ([notify]) or of the hosts.yaml"
            )
        }
    }
}

private struct RelayPassView: Renderable {
    var sent: Int
    var json: JSONValue { ["sent": .integer(Int64(sent))] }
    func text(_ style: Style) -> String { sent == 1 ? "Sent 1 message." : "Sent \(sent) messages." }
}
