internal import ArgumentParser
internal import Core
internal import Fleet
internal import Store

struct NotifyDead: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "List messages that were given up",
        discussion: """
            A message that a channel does not take is tried again for a day. What is given
            up then is kept, and 'notify retry' sends it again.

              tmux-agent notify dead
              tmux-agent notify dead --waiting     also what is tried again
            """)

    @OptionGroup var global: GlobalOptions
    @Flag(name: .long, help: "Also messages that wait for their next try") var waiting = false

    func run(_ context: CommandContext) async throws {
        let fleet = try await FleetContext.open(context.surroundings)
        var found = try await fleet.store.deliveries(.dead)
        if waiting {
            found += try await fleet.store.deliveries(.attempting) + fleet.store.deliveries(.pending)
        }
        context.console.render(
            DeliveriesView(deliveries: found, now: context.surroundings.now()), json: context.json)
        if found.isEmpty { context.console.hint("Every message got through") }
    }
}

struct DeliveriesView: Renderable {
    var deliveries: [Delivery]
    var now: Timestamp

    var json: JSONValue { ["deliveries": .array(deliveries.map(Self.json))] }

    static func json(_ delivery: Delivery) -> JSONValue {
        var object: JSONObject = [
            "id": .integer(delivery.id), "channel": .string(delivery.channel),
            "state": .string(delivery.state.rawValue), "title": .string(delivery.notice.title),
            "body": .string(delivery.notice.body), "severity": .string(delivery.notice.severity.rawValue),
            "attempts": .integer(Int64(delivery.attempts)), "at": .string(delivery.at.iso8601),
        ]
        object.set("branch", delivery.branch)
        object.set("reason", delivery.lastError)
        object.set("next_try", delivery.state == .pending ? delivery.dueAt : nil)
        object.set("ended_at", delivery.endedAt)
        return .object(object)
    }

    func text(_ style: Style) -> String {
        guard !deliveries.isEmpty else { return "" }
        var table = Table(header: ["ID", "CHANNEL", "STATE", "AGE", "TRIES", "TITLE", "REASON"])
        table.rows = deliveries.map { delivery in
            [
                .init(String(delivery.id), style: style.agentName), .init(delivery.channel),
                .init(delivery.state.rawValue), .init(now.distance(from: delivery.at).briefly),
                .init(String(delivery.attempts)), .init(delivery.notice.title),
                .init(delivery.lastError ?? ""),
            ]
        }
        return table.text(style)
    }
}
