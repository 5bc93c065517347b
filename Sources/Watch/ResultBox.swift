public import Core
internal import Store
internal import Synchronization

/// Results of actions on their way from the hands to the watcher, which alone may let the policy react.
///
/// A result that is lost with the process is found again at the next start: the action is still marked as attempted.
public final class ResultBox: Sendable {
    private let results = Mutex<[ActionResult]>([])
    private let wake: @Sendable () -> Void

    public init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    public func put(_ result: ActionResult) {
        results.withLock { $0.append(result) }
        wake()
    }

    /// Hands each result over; those that could not be written down stay for the next call.
    func takeEach(_ body: (ActionResult) async throws -> Void) async throws {
        var left = results.withLock { results in
            defer { results = [] }
            return results
        }[...]
        while let result = left.first {
            do {
                try await body(result)
            } catch StoreError.notAttempting {
                // It ended before: nothing waits for it any more.
            } catch {
                for result in left { put(result) }
                throw error
            }
            left.removeFirst()
        }
    }
}
