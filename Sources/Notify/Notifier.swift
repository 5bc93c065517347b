public import Core
internal import Glibc
internal import SystemPackage

/// Tells people.
///
/// One channel never stops another: what failed is in the answer, by channel.
public struct Notifier: Sendable {
    let settings: NotifySettings
    let webhook: Webhook?

    /// Without a `webhook` that channel is one that was named and cannot be used.
    public init(_ settings: NotifySettings, webhook: Webhook? = nil) {
        self.settings = settings
        self.webhook = webhook
    }

    /// Channels that the settings name and that cannot be used, sorted, each with why: to be said once, not with each
    /// message.
    public func unusableChannels(also escalations: some Sequence<EscalationSettings> = []) -> [(
        name: String, why: String
    )] {
        let named =
            settings.channels + settings.routes.values.joined() + escalations.flatMap { $0.channels ?? [] }
        return Set(named).sorted().compactMap { name in
            switch name {
            case "stdout": nil
            case "webhook": webhook == nil ? (name, "\(Webhook.variable) is not set") : nil
            default: (name, "this version has no such channel")
            }
        }
    }

    /// Who hears of a message: those that it names itself, else those of its severity, else all that are configured.
    func channels(for notice: Notice) -> [String] {
        notice.channels ?? settings.routes[notice.severity.rawValue] ?? settings.channels
    }

    /// Delivers to every channel that there is, at the same time, and returns what went wrong.
    ///
    /// `id` names the message: a receiver that gets it twice, after a crash in between, can tell.
    public func deliver(_ notice: Notice, id: String, at now: Timestamp) async -> [String: String] {
        let channels = Set(channels(for: notice))
        async let call = channels.contains("webhook") ? webhook?.deliver(notice, id: id, at: now) : nil
        var failures: [String: String] = [:]
        if channels.contains("stdout") { failures["stdout"] = print(notice) }
        failures["webhook"] = await call
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
