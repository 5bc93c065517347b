internal import Core
internal import Logging
internal import Store

extension PaneWatcher {
    /// Journal, runs and answers are kept so long after they ended; taps as long as their panes live.
    static let retention = Duration.seconds(30 * 86_400)
    private static let retentionPause = Duration.seconds(86_400)

    /// Once a day, what ended long ago is deleted.
    func pruneWhenDue() async throws {
        guard !isDryRun, now >= nextPruning else { return }
        nextPruning = now.advanced(by: Self.retentionPause)
        let before = Timestamp(milliseconds: now.milliseconds - Self.retention.components.seconds * 1000)
        let pruned = try await store.prune(before: before, at: now)
        guard pruned.journal + pruned.runs > 0 else { return }
        log.info(
            "deleted what ended before \(before.iso8601): \(pruned.runs) runs, \(pruned.journal) journal rows"
        )
    }
}
