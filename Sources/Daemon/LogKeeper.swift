internal import Logging
internal import ProcessKit
internal import ServiceLifecycle
internal import SystemPackage

/// Keeps the log of a daemon that runs for long as short as that of one that was just started.
struct LogKeeper: Service {
    let daemonLog: DaemonLog
    let log: Logger

    private static let pause = Duration.seconds(600)

    func run() async throws {
        let outputs = [FileDescriptor.standardOutput, .standardError]
        guard daemonLog.takes(outputs) else { return try await gracefulShutdown() }
        let bell = FileEvents()
        bell.wake()
        for await _ in bell.wakes.cancelOnGracefulShutdown() {
            do {
                try daemonLog.bound(outputs)
            } catch {
                log.error("\(daemonLog.file): no new log can be begun: \(error)")
            }
            bell.setAlarm(after: Self.pause)
        }
    }
}
