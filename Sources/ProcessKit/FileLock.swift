internal import Glibc
public import SystemPackage

/// An exclusive flock(2) on a file; gone with its last owner or its process, whatever ends that.
///
/// The file stays: removing it would let two owners hold locks on two files of one name.
public final class FileLock: Sendable {
    private let descriptor: FileDescriptor

    private init(descriptor: FileDescriptor) { self.descriptor = descriptor }

    deinit {
        // A child that is being forked at this moment holds a copy of the descriptor, so closing alone would not unlock.
        flock(descriptor.rawValue, LOCK_UN)
        try? descriptor.close()  // nothing hangs on it any more
    }

    /// The lock, or nil when somebody holds it.
    public static func tryAcquire(_ path: FilePath) throws(Errno) -> FileLock? {
        let descriptor = try open(path)
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let reason = Errno(rawValue: errno)
            try? descriptor.close()  // nothing was locked
            guard reason == .wouldBlock else { throw reason }
            return nil
        }
        return FileLock(descriptor: descriptor)
    }

    /// Waits for the lock at most `limit`; nil when it stayed taken.
    ///
    /// flock(2) has no time limit of its own, so the lock is tried every five milliseconds.
    public static func acquire(_ path: FilePath, within limit: Duration) async throws -> FileLock? {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            if let lock = try tryAcquire(path) { return lock }
            guard ContinuousClock.now < deadline else { return nil }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Writes what the holder says of itself into the file (a pid and a word) for others to show.
    public func write(_ text: String) throws {
        guard ftruncate(descriptor.rawValue, 0) == 0 else { throw Errno(rawValue: errno) }
        try descriptor.writeAll(toAbsoluteOffset: 0, text.utf8)
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
