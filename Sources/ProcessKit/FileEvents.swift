internal import CLinux
internal import Core
// SAFETY: Dispatch sources are thread-safe objects of libdispatch that were never marked Sendable on Linux.
@unsafe @preconcurrency internal import Dispatch
internal import Glibc
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

    private struct State {
        var folders: [Int32: FilePath] = [:]
        var changes: Set<Change> = []
    }

    public let wakes: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let descriptor: Int32
    private let state = Mutex(State())
    private let source: any DispatchSourceRead
    private let timer: any DispatchSourceTimer

    public init() throws {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        (wakes, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let queue = DispatchQueue(label: "tmux-agent.file-events")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        timer = DispatchSource.makeTimerSource(queue: queue)
        source.setEventHandler { [weak self] in self?.drain() }
        timer.setEventHandler { [ring] in ring.yield() }
        timer.activate()
        source.activate()
    }

    deinit {
        timer.cancel()
        source.cancel()
        ring.finish()
        close(descriptor)
    }

    /// Watches the files of `folder` for writes, creation, renames and removal; watching it twice is once.
    public func watch(_ folder: FilePath) throws {
        let kinds =
            IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF
            | IN_MOVE_SELF
        let watch = unsafe inotify_add_watch(descriptor, folder.string, UInt32(kinds))
        guard watch >= 0 else { throw Errno(rawValue: errno) }
        state.withLock { $0.folders[watch] = folder }
    }

    /// What changed since the last call.
    public func takeChanges() -> Set<Change> {
        state.withLock { state in
            defer { state.changes = [] }
            return state.changes
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

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let headerSize = MemoryLayout<inotify_event>.size
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            var position = 0
            while position + headerSize <= count {
                let event = unsafe buffer.withUnsafeBytes {
                    unsafe $0.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
                }
                let start = position + headerSize
                let name = buffer[start..<start + Int(event.len)].prefix { $0 != 0 }
                note(event, name: name.isEmpty ? nil : String(decoding: name, as: UTF8.self))
                position = start + Int(event.len)
            }
        }
        ring.yield()
    }

    private func note(_ event: inotify_event, name: String?) {
        state.withLock { state in
            // A queue overflow names no folder: look at everything again.
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                for folder in state.folders.values {
                    state.changes.insert(Change(folder: folder, name: nil, isClosed: false))
                }
                return
            }
            guard let folder = state.folders[event.wd] else { return }
            if event.mask & UInt32(IN_IGNORED) != 0 { state.folders[event.wd] = nil }
            let isClosed = event.mask & UInt32(IN_CLOSE_WRITE) != 0
            state.changes.insert(Change(folder: folder, name: name, isClosed: isClosed))
        }
    }
}
