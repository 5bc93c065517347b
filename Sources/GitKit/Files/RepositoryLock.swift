internal import Glibc
internal import ProcessKit
internal import Synchronization
internal import SystemPackage

/// The right to change the worktrees and branches of one repository, among all processes of tmux-agent.
///
/// It is an flock(2) on `<common git folder>/tmux-agent/lock`: the kernel lets go of it when its process ends,
/// however it ends. Children do not inherit it.
public final class RepositoryLock: Sendable {
    private let descriptor: Mutex<FileDescriptor?>

    private init(_ descriptor: FileDescriptor) { self.descriptor = Mutex(descriptor) }

    deinit { release() }

    /// Lets the next one in; more calls do nothing.
    public func release() {
        descriptor.withLock { held in
            guard let file = held else { return }
            // A child between fork and exec holds the descriptor too, so closing ours may not let go of the lock.
            flock(file.rawValue, LOCK_UN)
            try? file.close()  // nothing is left to lose
            held = nil
        }
    }

    /// True until `release`.
    public var isHeld: Bool { descriptor.withLock { $0 != nil } }

    /// Takes the lock of the repository with this layout, waiting up to `timeout` for whoever has it.
    ///
    /// flock(2) knows no time limit, so it is tried again every few milliseconds.
    public static func acquire(for layout: RepositoryLayout, timeout: Duration = .seconds(30))
        async throws(GitError) -> RepositoryLock
    {
        _ = try Files.makeFolders(layout.ownFolder, mode: 0o700)
        let path = layout.ownFolder.appending("lock")
        var waited = Duration.zero
        var pause = Duration.milliseconds(1)
        while true {
            if let lock = try tryOnce(path) { return lock }
            guard waited < timeout else {
                throw .lockTimeout(path, holder: Files.line(path).flatMap { Int32($0) })
            }
            do { try await Task.sleep(for: pause) } catch { throw .process(.cancelled) }
            waited += pause
            pause = min(pause * 2, .milliseconds(20))
        }
    }

    private static func tryOnce(_ path: FilePath) throws(GitError) -> RepositoryLock? {
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw .fileSystem(operation: "open", path, (error as? Errno) ?? .ioError)
        }
        let lock = RepositoryLock(file)
        guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            if reason == EWOULDBLOCK || reason == EINTR { return nil }
            throw .fileSystem(operation: "lock", path, Errno(rawValue: reason))
        }
        // Somebody may have removed the file while we opened it: then our lock excludes nobody.
        var ours = stat()
        var current = stat()
        guard unsafe fstat(file.rawValue, &ours) == 0, unsafe stat(path.string, &current) == 0,
            ours.st_ino == current.st_ino, ours.st_dev == current.st_dev
        else { return nil }
        ftruncate(file.rawValue, 0)
        // The number is only told to the one who waits too long.
        _ = try? file.writeAll(toAbsoluteOffset: 0, Array("\(getpid())\n".utf8))
        return lock
    }
}
