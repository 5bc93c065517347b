internal import ArgumentParser
internal import Core
internal import Daemon
internal import Fleet
internal import Store

struct NotifyDead: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "List messages that were given up",
        discussion: """
            A message that a channel does not take is tried again for a day, and given up
            at once where no later try would go better. It is kept, and 'notify retry'
            sends it again. Messages of relays are listed, too.

              tmux-agent notify dead
              tmux-agent notify dead --waiting     also what is tried again
              tmux-agent notify dead --config hosts.yaml
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var panes: PaneOption
    @Flag(name: .long, help: "Also messages that wait for their next try") var waiting = false

    func run(_ context: CommandContext) async throws {
        let found = try await DeadLetters.open(panes, context)
            .list([.dead] + (waiting ? [.attempting, .pending] : []))
        context.console.render(
            DeliveriesView(letters: found, now: context.surroundings.now()), json: context.json)
        if found.isEmpty { context.console.hint("Every message got through") }
    }
}

extension DeadLetters {
    static func open(_ panes: PaneOption, _ context: CommandContext) async throws -> DeadLetters {
        if let records = try panes.records(context) {
            return try await DeadLetters(of: records, context.surroundings)
        }
        return DeadLetters(context: try await FleetContext.open(context.surroundings))
    }
}

struct DeliveriesView: Renderable {
    var letters: [DeadLetters.Letter]
    var now: Timestamp

    var json: JSONValue { ["deliveries": .array(letters.map(Self.json))] }

    private static func json(_ letter: DeadLetters.Letter) -> JSONValue {
        let delivery = letter.delivery
        var object: JSONObject = [
            "id": .integer(delivery.id), "channel": .string(delivery.channel),
            "state": .string(delivery.state.rawValue), "title": .string(delivery.notice.title),
            "body": .string(delivery.notice.body), "severity": .string(delivery.notice.severity.rawValue),
            "attempts": .integer(Int64(delivery.attempts)), "at": .string(delivery.at.iso8601),
        ]
        object.set("branch", delivery.branch)
        object.set("relay", letter.relay)
        object.set("reason", delivery.lastError)
        object.set("next_try", delivery.state == .pending ? delivery.dueAt : nil)
        object.set("ended_at", delivery.endedAt)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        guard !letters.isEmpty else { return "" }
        var table = Table(header: ["ID", "CHANNEL", "STATE", "AGE", "TRIES", "TITLE", "REASON"])
        table.rows = letters.map { letter in
            let delivery = letter.delivery
            return [
                .init(String(delivery.id), style: style.agentName),
                .init(delivery.channel + (letter.relay.map { " (\($0))" } ?? "")),
                .init(delivery.state.rawValue), .init(now.distance(from: delivery.at).briefly),
                .init(String(delivery.attempts)), .init(delivery.notice.title),
                .init(delivery.lastError ?? ""),
            ]
        }
        return table.text(style)
    }
}
