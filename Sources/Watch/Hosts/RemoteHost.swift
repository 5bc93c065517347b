public import Core
internal import ProcessKit
public import SystemPackage
public import TmuxKit

/// A machine that is reached over OpenSSH: its tmux, the taps there, and where commands run.
///
/// `run` is the connection's life. Everything else throws ``HostError/notReachable(host:reason:)`` while there is none,
/// and is asked again by its caller; nothing here waits longer than the host's time limit.
public struct RemoteHost: Sendable {
    public let name: String
    public let settings: SSHSettings
    /// A folder of this host's own, 0700: for the connection's socket and whatever else it keeps.
    public let folder: FilePath
    /// Of this process; `ssh` finds its agent and its settings by it.
    public let environment: [String: String]

    public init(name: String, settings: SSHSettings, folder: FilePath, environment: [String: String]) {
        self.name = name
        self.settings = settings
        self.folder = folder
        self.environment = environment
    }

    private var unreachable: HostError {
        .notReachable(host: name, reason: "ssh to \(settings.host) is not there")
    }

    /// Connects, and connects again with growing pauses, until the task is cancelled; brings taps meanwhile.
    public func run() async {}

    /// A way to the tmux server there: `tmux -L socket`, or the login user's own server for nil.
    public func tmux(_ binary: String, socket: String?) async throws -> Tmux { throw unreachable }

    /// The file there which tmux is to append a pane's bytes to; from now on they are brought to the end of `tap`.
    ///
    /// `tap` has the same bytes at the same offsets as the file there. Asking again goes on where bringing stopped.
    public func beginTap(_ tap: FilePath) async throws -> FilePath { throw unreachable }

    /// Brings the rest of a tap whose pipe has ended, then removes the file there.
    public func endTap(_ tap: FilePath) async throws { throw unreachable }

    /// Whether a living process there appends to the file that `beginTap` named.
    public func isTapWritten(_ tap: FilePath, pane: PaneSnapshot) async throws -> Bool { throw unreachable }

    /// Runs a shell line there as ``ShellActionFolder`` promises for this machine: claimed once by `key`, for at most
    /// `timeout`; asked again with the same key it finds out what became of the first.
    public func shell(
        _ command: String, key: String, timeout: Duration, environment: [String: String], folder: String?
    ) async throws -> RemoteShellEnd { throw unreachable }
}

/// What became of a shell line on another machine.
public struct RemoteShellEnd: Sendable, Equatable {
    public enum End: Sendable, Equatable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut
        /// It was begun, and nobody knows how it ended.
        case uncertain
    }

    public var end: End
    /// The last lines of its output.
    public var output: String

    public init(end: End, output: String) {
        self.end = end
        self.output = output
    }
}
