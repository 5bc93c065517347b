internal import Core
internal import Glibc
internal import ProcessKit
internal import SystemPackage

/// `[NOTIFY] title`, newline, body on standard output: the classic form, with control characters made visible.
actor StandardOutput: Channel {
    nonisolated let name = "stdout"
    private let executor = BlockingExecutor(label: "notify.stdout")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    func send(_ notice: OutgoingNotice, at now: Timestamp) -> DeliveryFailure? {
        var text = "[NOTIFY] \(notice.title.visible)\n"
        if !notice.text.isEmpty { text += notice.text.visible(keepingNewlines: true) + "\n" }
        do {
            try FileDescriptor.standardOutput.writeAll(text.utf8)
            return nil
        } catch {
            return DeliveryFailure("standard output: \(error)", isChannelDown: true)
        }
    }
}
