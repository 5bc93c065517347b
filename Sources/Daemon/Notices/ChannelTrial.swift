public import Core
public import Fleet
internal import Notify

/// Sends one message through one channel at once, for somebody who wants to know whether it works.
public struct ChannelTrial: Sendable {
    private let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// Throws ``NotifyError`` with the reason when it did not get through.
    public func send(_ notice: Notice, through name: String) async throws {
        let parts = try NoticeParts(context, named: [name])
        guard let channel = parts.channels.channels[name] else {
            throw NotifyError.unusable(
                channel: name, reason: parts.channels.unusable[name] ?? "there is no such channel")
        }
        let now = context.surroundings.now()
        let message = OutgoingNotice(
            id: context.surroundings.ids.make("test"), title: notice.title, body: notice.body,
            severity: notice.severity, at: now, source: parts.source)
        if let failure = await channel.send(message, at: now) {
            throw NotifyError.notDelivered(channel: name, reason: parts.redaction(failure.reason))
        }
    }
}

/// Why a message was not sent.
public enum NotifyError: Error, Equatable {
    case unusable(channel: String, reason: String)
    case notDelivered(channel: String, reason: String)
    case notDead(id: Int64)
    /// A relay that would send to where it reads.
    case relayToBus
    /// Another process relays the same already.
    case alreadyRelaying(pid: Int32)
    /// After one pass of a relay.
    case left(count: Int, reason: String)
    /// After one pass of a relay: no later one would do better.
    case givenUp(count: Int, reason: String)
}

extension NotifyError: UserFacingError {
    public var code: String {
        switch self {
        case .unusable: "channel_unusable"
        case .notDelivered: "notice_not_delivered"
        case .notDead: "notice_not_dead"
        case .relayToBus: "relay_to_bus"
        case .alreadyRelaying: "already_relaying"
        case .left: "notices_left"
        case .givenUp: "notices_given_up"
        }
    }

    public var message: String {
        switch self {
        case .unusable(let channel, let reason): "The channel '\(channel)' cannot be used: \(reason)"
        case .notDelivered(let channel, let reason): "The channel '\(channel)' did not take it: \(reason)"
        case .notDead(let id): "No message \(id) was given up"
        case .relayToBus: "The channel 'local_bus' is what a relay reads"
        case .alreadyRelaying(let pid): "Another process relays this already (pid \(pid))"
        case .left(let count, let reason):
            count == 1
                ? "1 message was not delivered: \(reason)" : "\(count) messages were not delivered: \(reason)"
        case .givenUp(let count, let reason):
            count == 1 ? "1 message was given up: \(reason)" : "\(count) messages were given up: \(reason)"
        }
    }

    public var hint: String? {
        switch self {
        case .unusable("desktop", _):
            "Install libnotify-bin, and start this on the desktop or write DISPLAY=:0 to ~/.tmux_agent/env (mode 0600)"
        case .unusable("tmux", _): "Run 'tmux-agent spawn': it starts one"
        case .unusable(let channel, _):
            if NotifySettings.knownChannels.contains(channel) {
                "Set it for the daemon, or write it to ~/.tmux_agent/env (mode 0600)"
            } else {
                (didYouMean(channel, among: NotifySettings.knownChannels).map { "Did you mean '\($0)'? " }
                    ?? "")
                    + "Channels: " + NotifySettings.knownChannels.sorted().joined(separator: ", ")
            }
        case .notDelivered: nil
        case .notDead: "Run 'tmux-agent notify dead' to see those that were"
        case .relayToBus: "Name another channel, such as wecom"
        case .alreadyRelaying(let pid):
            "End it with 'kill \(pid)', or give this one an --offset-name of its own"
        case .left: "They are tried again by the next 'tmux-agent relay'"
        case .givenUp: "'tmux-agent notify dead' shows them, 'tmux-agent notify retry' sends them again"
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .unusable: .unusableSettings
        case .notDelivered, .notDead, .alreadyRelaying, .left, .givenUp: .notAchieved
        case .relayToBus: .usage
        }
    }
}
