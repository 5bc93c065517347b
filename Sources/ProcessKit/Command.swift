public import Core
public import SystemPackage

/// A child process to run: an argument array, never a shell string.
public struct Command: Sendable {
    /// A path, or a bare name that is looked up in `PATH` of `environment`.
    public var executable: String
    public var arguments: [String]
    /// The child's whole environment; nothing is inherited beside it.
    public var environment: [String: String]
    public var workingDirectory: FilePath?
    /// Bytes for its standard input; nil = `/dev/null`.
    public var input: [UInt8]?
    /// After it the child gets TERM, five seconds later KILL.
    public var timeout: Duration
    /// At most so many bytes of each output are returned; the rest is dropped and said in the result.
    public var outputLimit: Int

    public init(
        _ executable: String, _ arguments: [String], environment: [String: String],
        workingDirectory: FilePath? = nil, input: [UInt8]? = nil, timeout: Duration = .seconds(60),
        outputLimit: Int = 64 << 20
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.input = input
        self.timeout = timeout
        self.outputLimit = outputLimit
    }

    /// For messages: the command line as a person would type it.
    public var description: String {
        ([executable] + arguments).map(Self.quoted).joined(separator: " ")
    }

    /// `text` as one word of a POSIX shell.
    public static func quoted(_ text: String) -> String {
        let plain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "_-./=:,@%+".utf8.contains(byte)
            }
        }
        if plain, !text.isEmpty { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
            + "'"
    }
}

/// How a child ended and what it wrote.
///
/// A non-zero exit is a value, not an error.
public struct CommandResult: Sendable {
    public enum Termination: Sendable, Equatable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut
    }

    public var termination: Termination
    public var output: [UInt8]
    public var standardError: [UInt8]
    /// True when a stream was longer than `outputLimit`.
    public var isTruncated: Bool

    public var isSuccess: Bool { termination == .exited(0) }
    /// Standard output with damaged UTF-8 replaced.
    public var text: String { String(decoding: output, as: UTF8.self) }
    public var errorText: String { String(decoding: standardError, as: UTF8.self) }
    /// The exit code; 128 + signal as a shell would say it; 124 for a time-out.
    public var exitCode: Int32 {
        switch termination {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        case .timedOut: 124
        }
    }
}

public enum ProcessError: Error, Equatable {
    case executableNotFound(String)
    case spawnFailed(command: String, reason: String)
    case cancelled
}

extension ProcessError: UserFacingError {
    public var code: String {
        switch self {
        case .executableNotFound: "executable_not_found"
        case .spawnFailed: "spawn_failed"
        case .cancelled: "cancelled"
        }
    }

    public var message: String {
        switch self {
        case .executableNotFound(let name): "Program '\(name)' was not found"
        case .spawnFailed(let command, let reason): "Could not start \(command): \(reason)"
        case .cancelled: "Interrupted"
        }
    }

    public var hint: String? {
        switch self {
        case .executableNotFound(let name): "Install \(name), or put its folder on PATH"
        case .spawnFailed, .cancelled: nil
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .executableNotFound, .spawnFailed: .unavailable
        case .cancelled: .interrupted
        }
    }
}
