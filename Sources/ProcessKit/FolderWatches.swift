internal import CLinux
// SAFETY: Dispatch sources are thread-safe objects of libdispatch that were never marked Sendable on Linux.
@unsafe @preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// The folders that this process watches, by one instance of inotify: a user has 128 of those by default, for all
/// programs together.
final class FolderWatches: Sendable {
    static let shared = FolderWatches()

    private struct Listener {
        weak var events: FileEvents?
        /// As this listener calls the folder.
        var folder: FilePath
    }

    private struct State {
        /// Made when something is first watched; -1 before.
        var descriptor: Int32 = -1
        var source: (any DispatchSourceRead)?
        var listeners: [Int32: [ObjectIdentifier: Listener]] = [:]
    }

    private let state = Mutex(State())

    func add(_ folder: FilePath, for events: FileEvents) throws {
        let kinds =
            IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF
            | IN_MOVE_SELF
        try state.withLock { state in
            try open(&state)
            let watch = unsafe inotify_add_watch(state.descriptor, folder.string, UInt32(kinds))
            guard watch >= 0 else {
                let reason = Errno(rawValue: errno)
                throw reason == .noSpace ? FileEventsError.tooManyWatches : reason
            }
            state.listeners[watch, default: [:]][ObjectIdentifier(events)] = Listener(
                events: events, folder: folder)
        }
    }

    func remove(_ id: ObjectIdentifier) {
        state.withLock { state in
            for watch in state.listeners.keys where state.listeners[watch]?.removeValue(forKey: id) != nil {
                guard state.listeners[watch]?.isEmpty == true else { continue }
                state.listeners[watch] = nil
                inotify_rm_watch(state.descriptor, watch)
            }
        }
    }

    private func open(_ state: inout State) throws {
        guard state.descriptor < 0 else { return }
        let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else {
            let reason = Errno(rawValue: errno)
            throw reason == .tooManyOpenFiles ? FileEventsError.tooManyInstances : reason
        }
        let source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: "tmux-agent.folder-watches"))
        source.setEventHandler { [weak self] in self?.drain(descriptor) }
        source.activate()
        (state.descriptor, state.source) = (descriptor, source)
    }

    private func drain(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let headerSize = MemoryLayout<inotify_event>.size
        while true {
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            var position = 0
            while position + headerSize <= count {
                let event = unsafe buffer.withUnsafeBytes {
                    unsafe $0.loadUnaligned(fromByteOffset: position, as: inotify_event.self)
                }
                let start = position + headerSize
                let name = buffer[start..<start + Int(event.len)].prefix { $0 != 0 }
                tell(event, name: name.isEmpty ? nil : String(decoding: name, as: UTF8.self))
                position = start + Int(event.len)
            }
        }
    }

    private func tell(_ event: inotify_event, name: String?) {
        let hasOverflowed = event.mask & UInt32(IN_Q_OVERFLOW) != 0
        let listeners = state.withLock { state in
            // A queue overflow names no folder: look at everything again.
            if hasOverflowed { return state.listeners.values.flatMap(\.values) }
            let own = state.listeners[event.wd].map { Array($0.values) } ?? []
            if event.mask & UInt32(IN_IGNORED) != 0 { state.listeners[event.wd] = nil }
            return own
        }
        // Outside of the lock: letting go of the last reference to a listener takes it.
        for listener in listeners {
            listener.events?.note(
                FileEvents.Change(
                    folder: listener.folder, name: hasOverflowed ? nil : name,
                    isClosed: !hasOverflowed && event.mask & UInt32(IN_CLOSE_WRITE) != 0))
        }
    }
}
