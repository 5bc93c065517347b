internal import Logging
internal import ProcessKit
internal import ServiceLifecycle
internal import Store
internal import Synchronization

/// Counts how long tmux takes to answer, and writes it down now and then.
final class TmuxMeter: Service {
    private let store: FleetStore
    private let events: FileEvents
    private let log: Logger
    private let answers = Mutex<[CounterIncrement]>([])

    static let name = "tmux_agent_tmux_round_trip_seconds"
    private static let pause = Duration.seconds(30)

    init(store: FleetStore, log: Logger) throws {
        self.store = store
        self.log = log
        events = FileEvents()
    }

    func record(_ duration: Duration) {
        let observed = CounterIncrement.observation(Self.name, duration.fractionalSeconds, in: .answers)
        let isFirst = answers.withLock { answers in
            defer { answers = (answers + observed).summed() }
            return answers.isEmpty
        }
        // A quiet daemon does not wake up for nothing.
        if isFirst { events.setAlarm(after: Self.pause) }
    }

    func run() async throws {
        for await _ in events.wakes.cancelOnGracefulShutdown() { await write() }
        await write()
    }

    private func write() async {
        let due = answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
        guard !due.isEmpty else { return }
        do {
            try await store.increment(due)
        } catch {
            log.debug("the times of tmux were not written down: \(error)")
        }
    }
}

extension TmuxMeter: CustomStringConvertible {
    var description: String { "TmuxMeter" }
}

extension [CounterIncrement] {
    /// One row for each name with its labels.
    fileprivate func summed() -> [CounterIncrement] {
        var sums: [CounterIncrement] = []
        for increment in self {
            if let index = sums.firstIndex(where: {
                $0.name == increment.name && $0.labels == increment.labels
            }) {
                sums[index].amount += increment.amount
            } else {
                sums.append(increment)
            }
        }
        return sums
    }
}
