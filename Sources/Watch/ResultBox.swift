public import Core
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

    func take() -> [ActionResult] {
        results.withLock { results in
            defer { results = [] }
            return results
        }
    }
}
