internal import CLinux
internal import Core
internal import Glibc
internal import Subprocess
internal import Synchronization
public import SystemPackage

/// A running child process with pipes for its standard input and output.
public struct StreamingChild: Sendable {
    public let identity: ProcessIdentity
    /// Closed when the body ends; the body itself does not close it.
    public let input: FileDescriptor
    /// Read here; ends when the child and all that inherited it have closed it.
    public let output: FileDescriptor
    let errors: MemoryFile?

    /// What it wrote to standard error so far, at most `limit` bytes; empty unless the caller asked to keep it.
    public func errorText(limit: Int = 4096) -> String {
        // For messages only: none is as good as one that cannot be read.
        guard let errors, let (bytes, _) = try? errors.contents(limit: limit) else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes what the child takes without waiting and returns how many bytes that were.
    ///
    /// Zero when it takes none now, and when it has closed its end: then `output` ends too. Never raises
    /// SIGPIPE.
    public func send(_ bytes: ArraySlice<UInt8>) -> Int {
        let count = unsafe bytes.withUnsafeBytes { raw in
            unsafe Glibc.send(
                input.rawValue, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        }
        return max(0, count)
    }
}

extension CommandRunner {
    /// Runs `command` with pipes for as long as `body` lasts.
    ///
    /// The child's standard error is dropped unless `keepsErrors`. When `body` returns or throws, both pipes are closed; a child
    /// that has not ended two seconds later gets TERM, then KILL. `input` and `timeout` of the command mean
    /// nothing here.
    public func withChild<Value: Sendable>(
        _ command: Command, keepsErrors: Bool = false, _ body: (StreamingChild) async throws -> Value
    ) async throws -> Value {
        let path = try Self.resolve(command.executable, environment: command.environment)
        let toChild = try Pipe(isSocket: true)
        let fromChild = try Pipe(isSocket: false)
        let errors = keepsErrors ? try MemoryFile() : nil
        let dropped =
            keepsErrors
            ? nil : try FileDescriptor.open(FilePath("/dev/null"), .writeOnly, options: .closeOnExec)
        defer { try? dropped?.close() }  // nothing was written
        let ender = ProcessEnder()
        let environment = Environment.custom(
            Dictionary(
                uniqueKeysWithValues: command.environment.compactMap { key, value in
                    Environment.Key(rawValue: key).map { ($0, value) }
                }))
        defer {
            toChild.closeParentEnd(toChild.write)
            fromChild.closeParentEnd(fromChild.read)
        }
        // A cancelled task would otherwise kill the child at once. CONT does nothing to a running one: it only gives
        // the body the time to end, and the child the time to see its input end.
        var options = PlatformOptions()
        options.teardownSequence = [
            .send(signal: .resume, allowedDurationToNextStep: .seconds(5)),
            .gracefulShutDown(allowedDurationToNextStep: .seconds(2)),
        ]
        return try await Subprocess.run(
            .path(path), arguments: Arguments(command.arguments), environment: environment,
            workingDirectory: command.workingDirectory, platformOptions: options,
            input: .fileDescriptor(toChild.read, closeAfterSpawningProcess: true),
            output: .fileDescriptor(fromChild.write, closeAfterSpawningProcess: true),
            error: .fileDescriptor(
                errors?.descriptor ?? dropped ?? fromChild.write, closeAfterSpawningProcess: false)
        ) { execution in
            let pid = Int32(execution.processIdentifier.value)
            let start = ProcessTable.process(pid)?.identity.startTicks ?? 0
            let child = StreamingChild(
                identity: ProcessIdentity(pid: pid, startTicks: start), input: toChild.write,
                output: fromChild.read, errors: errors)
            let result: Result<Value, any Error>
            do { result = .success(try await body(child)) } catch { result = .failure(error) }
            toChild.closeParentEnd(child.input)
            fromChild.closeParentEnd(child.output)
            if await !ender.waitForEnd(of: [child.identity], limit: .seconds(2)) {
                _ = await ender.end([child.identity], limit: .seconds(2))
            }
            return try result.get()
        }.closureResult
    }
}

/// A pipe whose end in this process is closed exactly once.
private final class Pipe: Sendable {
    let read: FileDescriptor
    let write: FileDescriptor
    private let isOpen = Mutex(true)

    /// A socket can be written to without the danger of SIGPIPE.
    init(isSocket: Bool) throws {
        var ends: [Int32] = [0, 0]
        let status =
            isSocket
            ? unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends)
            : unsafe clinux_pipe(&ends)
        guard status == 0 else { throw Errno(rawValue: errno) }
        read = FileDescriptor(rawValue: ends[0])
        write = FileDescriptor(rawValue: ends[1])
    }

    func closeParentEnd(_ end: FileDescriptor) {
        isOpen.withLock { isOpen in
            if isOpen { try? end.close() }  // a pipe has nothing to flush
            isOpen = false
        }
    }
}
