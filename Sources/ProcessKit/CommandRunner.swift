internal import Core
internal import Glibc
internal import Subprocess
public import SystemPackage

/// Runs child processes to their end.
///
/// Both outputs go to memory files instead of pipes: a grandchild that inherits them (a tmux server, a
/// daemon) cannot hold up the end of the command, and no amount of output can block the child.
public struct CommandRunner: Sendable {
    public init() {}

    /// Runs `command` and returns when the child itself has ended.
    public func run(_ command: Command) async throws(ProcessError) -> CommandResult {
        let path = try Self.resolve(command.executable, environment: command.environment)
        do {
            let output = try MemoryFile()
            let standardError = try MemoryFile()
            let termination = try await withTimeout(command.timeout) {
                try await Self.wait(for: command, at: path, output: output, standardError: standardError)
            }
            if Task.isCancelled { throw ProcessError.cancelled }
            let (out, outCut) = try output.contents(limit: command.outputLimit)
            let (err, errCut) = try standardError.contents(limit: command.outputLimit)
            return CommandResult(
                termination: termination ?? .timedOut, output: out, standardError: err,
                isTruncated: outCut || errCut)
        } catch let error as ProcessError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .spawnFailed(command: command.description, reason: "\(error)")
        }
    }

    /// The file that `name` means under `PATH` of `environment`.
    public static func resolve(_ name: String, environment: [String: String]) throws(ProcessError) -> FilePath
    {
        if name.utf8.contains(UInt8(ascii: "/")) {
            guard isExecutable(name) else { throw .executableNotFound(name) }
            return FilePath(name)
        }
        let search = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in search.split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if isExecutable(candidate) { return FilePath(candidate) }
        }
        throw .executableNotFound(name)
    }

    private static func isExecutable(_ path: String) -> Bool {
        var info = stat()
        guard unsafe stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return false }
        return unsafe access(path, X_OK) == 0
    }

    private static func wait(
        for command: Command, at path: FilePath, output: MemoryFile, standardError: MemoryFile
    ) async throws -> CommandResult.Termination {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        let environment = Environment.custom(
            Dictionary(
                uniqueKeysWithValues: command.environment.compactMap { key, value in
                    Environment.Key(rawValue: key).map { ($0, value) }
                }))
        let arguments = Arguments(command.arguments)
        let out = FileDescriptorOutput.fileDescriptor(output.descriptor, closeAfterSpawningProcess: false)
        let err = FileDescriptorOutput.fileDescriptor(
            standardError.descriptor, closeAfterSpawningProcess: false)
        let status: TerminationStatus
        if let input = command.input {
            let file = try MemoryFile(containing: input)
            status = try await Subprocess.run(
                .path(path), arguments: arguments, environment: environment,
                workingDirectory: command.workingDirectory, platformOptions: options,
                input: .fileDescriptor(file.descriptor, closeAfterSpawningProcess: false), output: out,
                error: err
            ).terminationStatus
        } else {
            status = try await Subprocess.run(
                .path(path), arguments: arguments, environment: environment,
                workingDirectory: command.workingDirectory, platformOptions: options, input: .none,
                output: out,
                error: err
            ).terminationStatus
        }
        switch status {
        case .exited(let code): return .exited(code)
        case .signaled(let signal): return .signaled(signal)
        }
    }

    /// The operation's result, or nil when `limit` passed first; the operation is cancelled then.
    private func withTimeout<Value: Sendable>(
        _ limit: Duration, _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
