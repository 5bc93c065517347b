internal import CLinux
internal import Glibc
public import SystemPackage

/// An exclusive lock on a file; gone with its last owner or its process, whatever ends that.
///
/// A lock of an open file description (`F_OFD_SETLK`): unlike with flock(2) one can ask whether it is held without taking
/// it, which would turn away whoever tries at that moment. The file stays: removing it would let two owners hold locks
/// on two files of one name.
public final class FileLock: Sendable {
    private let descriptor: FileDescriptor

    private init(descriptor: FileDescriptor) { self.descriptor = descriptor }

    deinit {
        // A child that is being forked at this moment holds a copy of the descriptor, so closing alone would not unlock.
        _ = clinux_unlock(descriptor.rawValue)
        try? descriptor.close()  // nothing hangs on it any more
    }

    /// The lock, or nil when somebody holds it.
    public static func tryAcquire(_ path: FilePath) throws(Errno) -> FileLock? {
        let descriptor = try open(path)
        guard clinux_lock(descriptor.rawValue) == 0 else {
            let reason = Errno(rawValue: errno)
            try? descriptor.close()  // nothing was locked
            guard reason == .wouldBlock || reason == .permissionDenied else { throw reason }
            return nil
        }
        return FileLock(descriptor: descriptor)
    }

    /// Whether somebody holds the lock now; a file that is not there is free.
    ///
    /// Changes nothing, so nobody who watches the folder hears of it.
    public static func isHeld(_ path: FilePath) throws -> Bool {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
        } catch Errno.noSuchFileOrDirectory {
            return false
        }
        defer { try? descriptor.close() }  // only asked
        let answer = clinux_is_locked(descriptor.rawValue)
        guard answer >= 0 else { throw Errno(rawValue: errno) }
        return answer == 1
    }

    /// Waits for the lock at most `limit`; nil when it stayed taken.
    ///
    /// The lock has no time limit of its own, so it is tried every five milliseconds.
    public static func acquire(_ path: FilePath, within limit: Duration) async throws -> FileLock? {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            if let lock = try tryAcquire(path) { return lock }
            guard ContinuousClock.now < deadline else { return nil }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Writes what the holder says of itself into the file (a pid and a word) for others to show.
    ///
    /// Cut behind the text, not before it: a full disk then has room for it still.
    public func write(_ text: String) throws {
        let count = try descriptor.writeAll(toAbsoluteOffset: 0, text.utf8)
        guard ftruncate(descriptor.rawValue, off_t(count)) == 0 else { throw Errno(rawValue: errno) }
    }

    private static func open(_ path: FilePath) throws(Errno) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, .readWrite, options: [.create, .closeOnExec, .noFollow], permissions: [.ownerReadWrite])
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}
