internal import Synchronization

/// A source of ids that counts.
final class NumberedIDs: Sendable {
    private let last: Mutex<UInt64>

    init(from start: UInt64) { last = Mutex(start) }

    func next() -> UInt64 {
        last.withLock { last in
            last += 1
            return last
        }
    }
}
