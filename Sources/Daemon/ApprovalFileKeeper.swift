internal import Approvals
internal import Core
internal import Logging
internal import ProcessKit
internal import ServiceLifecycle
internal import SystemPackage

/// Keeps the approval files and the database together while the daemon lives.
struct ApprovalFileKeeper: Service {
    let files: ApprovalFiles
    let folder: FilePath
    /// Where the write-ahead log lies: a new question is a write.
    let stateFolder: FilePath
    let now: @Sendable () -> Timestamp
    let log: Logger

    /// A burst of writes is one look.
    private static let pause = Duration.milliseconds(50)
    /// A look in any case, for answers in folders that inotify did not show.
    private static let longestPause = Duration.seconds(30)

    func run() async throws {
        let events = FileEvents()
        try watch(events)
        events.wake()
        var isDue = true
        var trouble: String?
        for await _ in events.wakes.cancelOnGracefulShutdown() {
            let changes = events.takeChanges()
            if !isDue, changes.contains(where: isRelevant) {
                isDue = true
                events.setAlarm(after: Self.pause)
                continue
            }
            guard isDue || changes.isEmpty else { continue }
            isDue = false
            do {
                for approval in try await files.synchronise(at: now()) {
                    log.info("approval \(approval.id) was answered by a file")
                }
                try watch(events)
                if trouble != nil { log.notice("approval files: works again") }
                trouble = nil
            } catch {
                let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                if trouble != reason { log.error("approval files: \(reason)") }
                trouble = reason
            }
            events.setAlarm(after: Self.longestPause)
        }
    }

    private func isRelevant(_ change: FileEvents.Change) -> Bool {
        change.folder != stateFolder || change.name?.hasSuffix("-wal") == true
    }

    /// The folder and the hosts' folders in it, which come and go with questions.
    private func watch(_ events: FileEvents) throws {
        try Files.makeFolder(folder, mode: 0o700)
        try events.watch(folder)
        try events.watch(stateFolder)
        for name in Files.names(in: folder) where Files.isFolder(folder.appending(name)) {
            try events.watch(folder.appending(name))
        }
    }
}

extension ApprovalFileKeeper: CustomStringConvertible {
    var description: String { "ApprovalFileKeeper" }
}
