internal import Core
internal import Logging
internal import Orchestrator
internal import ProcessKit
internal import ServiceLifecycle
internal import Synchronization

/// Serves the numbers where orchestrator.toml says, and moves when the file says another place.
struct MetricsKeeper: Service {
    let source: OrchestratorSource
    let log: Logger
    /// A server for a place; nil where it cannot be made, which has been said, and for no place.
    let server: @Sendable (MetricsPlace?) -> (any Service)?

    /// Throws what the first server throws; what goes wrong with later ones is logged, and the next edit tried.
    func run() async throws {
        let events = FileEvents()
        if Files.isFolder(source.folder) { try events.watch(source.folder) }
        events.wake()
        let failure = Failure()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var place: MetricsPlace?
            var serving: ServiceGroup?
            var isFirst = true
            for await _ in events.wakes.cancelOnGracefulShutdown() {
                _ = events.takeChanges()
                if let error = failure.error.withLock({ $0 }) { throw error }
                let wanted: MetricsPlace?
                do {
                    wanted = try source.metricsPlace()
                } catch {
                    // Whoever runs the tasks says what is wrong with the file.
                    continue
                }
                guard wanted != place || isFirst else { continue }
                place = wanted
                if let former = serving {
                    await former.triggerGracefulShutdown()
                    // The port may be the same.
                    try await group.next()
                    serving = nil
                }
                if let server = server(wanted) {
                    let (begins, begin) = AsyncStream.makeStream(of: Void.self)
                    let own = ServiceGroup(services: [Beginning(begin: begin), server], logger: log)
                    serving = own
                    group.addTask { [self, isFirst] in
                        do {
                            try await own.run()
                        } catch {
                            begin.finish()
                            guard !isFirst else { return failure.tell(error, events) }
                            log.error("metrics: \((error as? any UserFacingError)?.message ?? "\(error)")")
                        }
                    }
                    // A group that does not run yet cannot be told to end.
                    for await _ in begins {}
                }
                isFirst = false
            }
            await serving?.triggerGracefulShutdown()
        }
    }

    /// Of the first server, for whoever waits for edits.
    private final class Failure: Sendable {
        let error = Mutex<(any Error)?>(nil)

        func tell(_ error: any Error, _ events: FileEvents) {
            self.error.withLock { $0 = error }
            events.wake()
        }
    }

    /// Says when its group runs.
    private struct Beginning: Service {
        let begin: AsyncStream<Void>.Continuation

        func run() async throws {
            begin.finish()
            try await gracefulShutdown()
        }
    }
}

extension MetricsKeeper: CustomStringConvertible {
    var description: String { "MetricsKeeper" }
}
