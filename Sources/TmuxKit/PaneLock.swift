internal import Core
internal import Glibc
public import SystemPackage

extension TmuxServer {
    /// Runs `body` while no other process types into the pane, so that a paste and its Enter stay together.
    ///
    /// The lock is an advisory one on a file in `folder`; the kernel drops it when its holder dies. Waits at
    /// most `limit`, then throws `paneBusy`.
    public func withPaneLock<Value>(
        _ address: PaneAddress, folder: FilePath, limit: Duration = .seconds(30),
        _ body: () async throws -> Value
    ) async throws -> Value {
        let server = address.server
        let name = "pane-\(server.pid)-\(server.startTime)-\(address.pane.number).lock"
        let path = folder.appending(name)
        let file: FileDescriptor
        do {
            file = try FileDescriptor.open(
                path, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        } catch {
            throw TmuxError.lockFailed(path: path, reason: "\(error)")
        }
        defer { try? file.close() }  // nothing was written
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: limit)
        var pause = Duration.milliseconds(2)
        // flock(2) tells nobody when it could be had, and waiting inside it would hold a thread per waiter.
        while flock(file.rawValue, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw TmuxError.lockFailed(path: path, reason: "\(Errno(rawValue: errno))")
            }
            guard clock.now < deadline else { throw TmuxError.paneBusy(address.pane) }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .milliseconds(50))
        }
        // Unlocked by hand: a child process that is being started right now may hold a copy of the descriptor.
        defer { flock(file.rawValue, LOCK_UN) }
        return try await body()
    }
}
