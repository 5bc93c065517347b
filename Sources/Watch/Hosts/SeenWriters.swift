internal import Synchronization

/// Which taps had a living writer a moment ago: a look at the panes each second need not ask for it each time.
final class SeenWriters: Sendable {
    private static let freshness = Duration.seconds(3)
    private let seen = Mutex<[String: ContinuousClock.Instant]>([:])

    func isFresh(_ name: String) -> Bool {
        seen.withLock { seen in seen[name].map { $0.duration(to: .now) < Self.freshness } ?? false }
    }

    func note(_ name: String) { seen.withLock { $0[name] = .now } }
    func forget(_ name: String) { seen.withLock { $0[name] = nil } }
}
