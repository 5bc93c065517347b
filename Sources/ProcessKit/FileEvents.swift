public import Core
// SAFETY: Dispatch sources are thread-safe objects of libdispatch that were never marked Sendable on Linux.
@unsafe @preconcurrency internal import Dispatch
internal import Synchronization
public import SystemPackage

/// Wakes its owner when watched files change or an alarm falls due.
///
/// It is a bell, not a queue: `wakes` holds at most one pending wake, and `takeChanges()` says which files changed
/// since the last call. No change is ever lost, because the set is kept until it is taken; the stream drops only
/// repeated rings.
public final class FileEvents: Sendable {
    /// A file below a watched folder, or the folder itself with a nil name.
    public struct Change: Hashable, Sendable {
        public var folder: FilePath
        public var name: String?
        /// The last writer closed it: for a tap, its pipe has ended.
        public var isClosed: Bool
    }

    public let wakes: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let changes = Mutex<Set<Change>>([])
    private let timer: any DispatchSourceTimer

    public init() {
        (wakes, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "tmux-agent.file-events"))
        timer.setEventHandler { [ring] in ring.yield() }
        timer.activate()
    }

    deinit {
        timer.cancel()
        ring.finish()
        FolderWatches.shared.remove(ObjectIdentifier(self))
    }

    /// Watches the files of `folder` for writes, creation, renames and removal; watching it twice is once.
    ///
    /// Throws ``FileEventsError`` when the kernel allows no more, and `Errno` for a folder that cannot be watched.
    public func watch(_ folder: FilePath) throws {
        try FolderWatches.shared.add(folder, for: self)
    }

    /// What changed since the last call.
    public func takeChanges() -> Set<Change> {
        changes.withLock { changes in
            defer { changes = [] }
            return changes
        }
    }

    /// Rings once after `delay`; a new alarm replaces the last one, nil removes it.
    public func setAlarm(after delay: Duration?) {
        guard let delay else { return timer.schedule(deadline: .distantFuture) }
        timer.schedule(
            deadline: .now() + .milliseconds(Int(max(0, delay.inMilliseconds))), leeway: .milliseconds(1))
    }

    /// Rings now.
    public func wake() { ring.yield() }

    /// Keeps what changed and rings.
    func note(_ change: Change) {
        changes.withLock { _ = $0.insert(change) }
        ring.yield()
    }
}

/// Why nothing can be watched.
public enum FileEventsError: UserFacingError, Equatable {
    /// The user's programs hold all instances of inotify that the kernel allows.
    case tooManyInstances
    /// The user's programs watch as many folders as the kernel allows.
    case tooManyWatches

    public var code: String {
        self == .tooManyInstances ? "too_many_inotify_instances" : "too_many_inotify_watches"
    }

    public var message: String {
        "Your programs use all inotify \(self == .tooManyInstances ? "instances" : "watches") that the kernel allows"
    }

    public var hint: String? {
        switch self {
        case .tooManyInstances:
            "End programs that watch files, or allow more: sudo sysctl fs.inotify.max_user_instances=1024"
        case .tooManyWatches:
            "End programs that watch files, or allow more: sudo sysctl fs.inotify.max_user_watches=524288"
        }
    }
}
