public import Core
internal import Glibc
internal import SystemPackage

/// Tells people. One channel never stops another: what failed is in the answer, by channel.
public struct Notifier: Sendable {
    let channels: [String]

    public init(channels: [String]) { self.channels = channels }

    /// The channels that this version can deliver to.
    public static let known = ["stdout"]

    /// Delivers to every configured channel and returns what went wrong.
    public func deliver(_ notice: Notice) -> [String: String] {
        var failures: [String: String] = [:]
        for channel in channels {
            switch channel {
            case "stdout":
                if let failure = print(notice) { failures[channel] = failure }
            default: failures[channel] = "this version has no channel of that name"
            }
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
