public import Core
internal import Glibc
internal import SystemPackage

/// Tells people. One channel never stops another: what failed is in the answer, by channel.
public struct Notifier: Sendable {
    let settings: NotifySettings

    public init(_ settings: NotifySettings) { self.settings = settings }

    /// The channels that this version can deliver to.
    public static let known: Set = ["stdout"]

    /// Channels that the settings name and this version does not have, sorted: to be said once, not with each message.
    public func unknownChannels(also escalations: some Sequence<EscalationSettings> = []) -> [String] {
        let named =
            settings.channels + settings.routes.values.joined()
            + escalations.flatMap { $0.channels ?? [] }
        return Set(named).subtracting(Self.known).sorted()
    }

    /// Who hears of a message: those that it names itself, else those of its severity, else all that are configured.
    func channels(for notice: Notice) -> [String] {
        notice.channels ?? settings.routes[notice.severity.rawValue] ?? settings.channels
    }

    /// Delivers to every channel that there is and returns what went wrong.
    public func deliver(_ notice: Notice) -> [String: String] {
        var failures: [String: String] = [:]
        for channel in channels(for: notice) where channel == "stdout" {
            if let failure = print(notice) { failures[channel] = failure }
        }
        return failures
    }

    /// `[NOTIFY] title`, newline, body: the classic form, with control characters made visible.
    private func print(_ notice: Notice) -> String? {
        var text = "[NOTIFY] \(notice.title.visible)\n"
        if !notice.body.isEmpty { text += notice.body.visible(keepingNewlines: true) + "\n" }
        do {
            try FileDescriptor.standardOutput.writeAll(text.utf8)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
