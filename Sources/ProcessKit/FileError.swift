public import Core
public import SystemPackage

/// A file or folder that could not be made, read or written.
public struct FileError: UserFacingError, Equatable {
    /// What was tried, as in "make the folder".
    public let operation: String
    public let path: FilePath
    /// What the kernel said.
    public let reason: Errno
    /// What stands where a folder should be.
    public let obstacle: FilePath?

    public init(_ operation: String, _ path: FilePath, _ reason: Errno, obstacle: FilePath? = nil) {
        self.operation = operation
        self.path = path
        self.reason = reason
        self.obstacle = obstacle
    }

    public var code: String { "file_system" }

    public var message: String {
        "Could not \(operation) \(path): " + (obstacle.map { "\($0) is not a folder" } ?? "\(reason)")
    }

    public var hint: String? {
        if let obstacle { return "Move \(obstacle) away, or remove it if it is not needed" }
        return switch reason {
        case .permissionDenied, .notPermitted: "See who may use it: ls -ld \(Command.quoted(path.string))"
        case .noSpace, .diskQuotaExceeded: "Make room on that disk, then run the command again"
        case .readOnlyFileSystem: "That file system is mounted for reading only"
        default: nil
        }
    }
}
