internal import CLinux
internal import Core
internal import Glibc
internal import ProcessKit
public import SystemPackage

/// The child's side of a shell action: claims it, runs it, leaves its status.
///
/// It runs in a process and session of its own, so that it goes on when the daemon is killed; it is synchronous,
/// because it has nothing to do but wait.
public struct ShellActionRunner {
    /// The most of a command's output that is kept; the command itself may write on.
    static let outputLimit = 1 << 20

    let folder: ShellActionFolder
    let command: String
    let timeout: Duration
    let environment: [String: String]

    public init(folder: FilePath, command: String, timeout: Duration, environment: [String: String]) {
        self.folder = ShellActionFolder(path: folder)
        self.command = command
        self.timeout = timeout
        self.environment = environment
    }

    /// Runs the command unless it was claimed before; false then.
    public func run() throws -> Bool {
        // The lock first: whoever sees the claim without it then knows that the claimer is gone.
        let lock = try FileDescriptor.open(
            folder.lock, .readWrite, options: [.create, .closeOnExec], permissions: [.ownerReadWrite])
        defer { try? lock.close() }  // the process ends soon, and its locks with it
        guard flock(lock.rawValue, LOCK_EX) == 0 else { throw Errno(rawValue: errno) }
        do {
            try FileDescriptor.open(
                folder.claim, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerReadWrite]
            ).close()
        } catch Errno.fileExists {
            return false
        }
        let status: ShellActionStatus
        do {
            status = try runShell()
        } catch {
            status = .failed("\(error)")
        }
        try write(status)
        return true
    }

    private func write(_ status: ShellActionStatus) throws {
        let draft = folder.path.appending("status.new")
        let file = try FileDescriptor.open(
            draft, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
        try file.closeAfter { _ = try file.writeAll(status.text.utf8) }
        guard unsafe rename(draft.string, folder.status.string) == 0 else { throw Errno(rawValue: errno) }
    }

    private func runShell() throws -> ShellActionStatus {
        let pipe = try FileDescriptor.pipe(options: [.closeOnExec])
        let log = try FileDescriptor.open(
            folder.output, .writeOnly, options: [.create, .truncate, .closeOnExec],
            permissions: [.ownerReadWrite])
        defer { try? log.close() }  // the status, not this, says whether the command ended well
        let child: ShellChild
        do {
            defer { try? pipe.writeEnd.close() }  // ours to drop; the child has its own
            child = try ShellChild.start(command, environment: environment, output: pipe.writeEnd)
        }
        // A grandchild that still writes gets SIGPIPE, as behind a closed pipe.
        defer { try? pipe.readEnd.close() }
        let ended = clinux_pidfd_open(child.pid)
        guard ended >= 0 else { throw Errno(rawValue: errno) }
        defer { close(ended) }
        let stop = try openStopPipe()
        defer { try? stop.close() }  // nobody writes to it any more
        let isTimedOut = try copy(from: pipe.readEnd, to: log, until: ended, or: stop, child: child)
        let status = try child.wait()
        if isTimedOut { return .timedOut }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signaled(signal)
    }

    private func openStopPipe() throws -> FileDescriptor {
        guard unsafe mkfifo(folder.stopPipe.string, 0o600) == 0 || errno == EEXIST else {
            throw Errno(rawValue: errno)
        }
        // With a writer of our own it never looks closed.
        return try FileDescriptor.open(
            folder.stopPipe, .readWrite, options: [.nonBlocking, .closeOnExec, .noFollow])
    }

    /// Copies output until the shell itself ends; true when the time limit ended it.
    private func copy(
        from source: FileDescriptor, to log: FileDescriptor, until ended: Int32, or stop: FileDescriptor,
        child: ShellChild
    ) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65536)
        var kept = 0
        var (isTimedOut, isEnding) = (false, false)
        let clock = ContinuousClock()
        var deadline = clock.now.advanced(by: timeout)
        var isOpen = true
        while true {
            var watched = [
                pollfd(fd: ended, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isOpen ? source.rawValue : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: isEnding ? -1 : stop.rawValue, events: Int16(POLLIN), revents: 0),
            ]
            let left = min(max(0, clock.now.duration(to: deadline).inMilliseconds), Int64(Int32.max))
            let ready = unsafe poll(&watched, 3, Int32(left))
            if ready == 0 || watched[2].revents != 0 {
                // TERM first; five seconds later KILL, which nothing survives.
                child.end(with: isEnding ? SIGKILL : SIGTERM)
                isTimedOut = isTimedOut || (ready == 0 && !isEnding)
                isEnding = true
                deadline = clock.now.advanced(by: .seconds(5))
            }
            if watched[1].revents != 0 {
                let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
                isOpen = count > 0
                let part = buffer[..<min(count, Self.outputLimit - kept)]
                if !part.isEmpty { try log.writeAll(part) }
                kept += part.count
                if count > 0 { continue }
            }
            if watched[0].revents != 0 { return isTimedOut }
        }
    }
}
