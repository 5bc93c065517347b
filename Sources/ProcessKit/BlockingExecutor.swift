internal import Dispatch

/// A serial executor with a thread of its own, for actors that make blocking calls.
///
/// The cooperative pool has as many threads as the machine has cores, so a few blocking calls on it stop every
/// task of the process. An actor that returns this as its `unownedExecutor` blocks only itself. Keep the
/// executor in a stored property: the actor's reference is unowned.
///
/// ```swift
/// public actor Walker {
///     private let executor = BlockingExecutor(label: "walker")
///     public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
/// }
/// ```
public final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    /// An executor whose thread shows `label` in debuggers.
    public init(label: String) {
        queue = DispatchQueue(label: "tmux-agent.\(label)")
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = unsafe asUnownedSerialExecutor()
        queue.async { unsafe job.runSynchronously(on: executor) }
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }
}
