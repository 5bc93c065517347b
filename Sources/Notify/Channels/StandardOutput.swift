internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// `[NOTIFY] title`, newline, body on standard output: the classic form, with control characters made visible.
///
/// Links are left out unless it is a terminal: logs are kept, and read by others.
actor StandardOutput: Channel {
    nonisolated let name = "stdout"
    private let executor = BlockingExecutor(label: "notify.stdout")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    func send(_ notice: OutgoingNotice, at now: Timestamp) -> DeliveryFailure? {
        let text = Self.text(of: notice, withLinks: isatty(STDOUT_FILENO) == 1)
        do {
            try FileDescriptor.standardOutput.writeAll(text.utf8)
            return nil
        } catch {
            return DeliveryFailure("standard output: \(error)", isChannelDown: true)
        }
    }
    static func text(of notice: OutgoingNotice, withLinks: Bool) -> String {
        let body = withLinks ? notice.text : notice.textWithoutLinks
        let title = "[NOTIFY] \(notice.title.visible)\n"
        return body.isEmpty ? title : title + body.visible(keepingNewlines: true) + "\n"
    }
}
