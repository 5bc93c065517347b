public import Core
internal import ProcessKit
public import SystemPackage

/// What can go wrong with tmux.
public enum TmuxError: Error, Equatable {
    case notInstalled(binary: String)
    case tooOld(found: String)
    case socketPathTooLong(path: String)
    /// The folder of the default socket belongs to somebody else or is open to others.
    case unsafeSocketFolder(path: String)
    /// The machine that the server runs on was not reached.
    case notReached(reason: String)
    case noServer(socket: String)
    case noSession(String)
    case noPane(String)
    case duplicateSession(String)
    /// The name is in use: by this agent of ours, or by a session that is not ours (nil).
    case sessionTaken(SessionName, by: AgentID?)
    case paneDead(PaneID)
    case paneRunning(PaneID)
    /// The server was started anew: its pane ids mean other panes.
    case otherServer(socket: String)
    /// The pane is piped elsewhere by somebody else.
    case pipedElsewhere(PaneID)
    case lineTooLong(pane: PaneID, bytes: Int)
    case unknownKey(String)
    case paneBusy(PaneID)
    case lockFailed(path: FilePath, reason: String)
    case timedOut(command: String)
    /// The control client went away before it answered: it is not known whether the command ran.
    case connectionLost(command: String)
    case commandFailed(command: String, status: Int32, message: String)
    case unexpectedOutput(command: String, line: String)
    case notStarted(reason: String)
    case cancelled
}

extension TmuxError: UserFacingError {
    public var code: String {
        switch self {
        case .notInstalled: "tmux_not_installed"
        case .tooOld: "tmux_too_old"
        case .socketPathTooLong: "tmux_socket_path_too_long"
        case .unsafeSocketFolder: "tmux_unsafe_socket_folder"
        case .notReached: "tmux_not_reached"
        case .noServer: "tmux_no_server"
        case .noSession: "tmux_no_session"
        case .noPane: "tmux_no_pane"
        case .duplicateSession: "tmux_duplicate_session"
        case .sessionTaken: "tmux_session_taken"
        case .paneDead: "pane_dead"
        case .paneRunning: "pane_running"
        case .otherServer: "tmux_other_server"
        case .pipedElsewhere: "pane_piped_elsewhere"
        case .lineTooLong: "line_too_long"
        case .unknownKey: "unknown_key"
        case .paneBusy: "pane_busy"
        case .lockFailed: "pane_lock_failed"
        case .timedOut: "tmux_timed_out"
        case .connectionLost: "tmux_connection_lost"
        case .commandFailed: "tmux_command_failed"
        case .unexpectedOutput: "tmux_unexpected_output"
        case .notStarted: "tmux_not_started"
        case .cancelled: "cancelled"
        }
    }

    public var message: String {
        switch self {
        case .notInstalled(let binary): "tmux was not found ('\(binary)')"
        case .tooOld(let found): "tmux \(found) is too old: tmux-agent needs 3.2 or newer"
        case .socketPathTooLong(let path):
            "The tmux socket path has \(path.utf8.count) bytes, more than the \(TmuxServerAddress.limit) a socket can have: \(path)"
        case .unsafeSocketFolder(let path): "The tmux socket folder belongs to or is open to others: \(path)"
        case .notReached(let reason): "The machine of the tmux server was not reached: \(reason)"
        case .noServer(let socket): "No tmux server runs at \(socket)"
        case .noSession(let name): "No tmux session '\(name)'"
        case .noPane(let name): "No tmux pane '\(name)'"
        case .duplicateSession(let name): "A tmux session '\(name)' exists already"
        case .sessionTaken(let name, let agent?): "The tmux session '\(name)' belongs to agent \(agent)"
        case .sessionTaken(let name, nil): "The tmux session '\(name)' exists and is not one of tmux-agent's"
        case .paneDead(let pane): "The program in pane \(pane) has ended"
        case .paneRunning(let pane): "The program in pane \(pane) still runs"
        case .otherServer(let socket): "The tmux server at \(socket) was restarted: the pane is gone"
        case .pipedElsewhere(let pane): "Pane \(pane) is already piped to another program"
        case .lineTooLong(let pane, let bytes):
            "A line of \(bytes) bytes is too long for the program in pane \(pane)"
        case .unknownKey(let key): "tmux has no key named '\(key)'"
        case .paneBusy(let pane): "Something else is typing into pane \(pane)"
        case .lockFailed(let path, let reason): "Could not lock \(path): \(reason)"
        case .timedOut(let command): "tmux did not answer: \(command.prefix { $0 != " " })"
        case .connectionLost(let command):
            "The connection to tmux broke while it ran: \(command.prefix { $0 != " " })"
        case .commandFailed(let command, let status, let message):
            "tmux failed (exit status \(status)): \(message.isEmpty ? command : message)"
        case .unexpectedOutput(let command, let line): "tmux answered '\(line)' to: \(command)"
        case .notStarted(let reason): "Could not start tmux: \(reason)"
        case .cancelled: "Interrupted"
        }
    }

    public var hint: String? {
        switch self {
        case .notInstalled: "Install it (apt-get install tmux), or set 'bin' under [tmux] in fleet.toml"
        case .tooOld: "Install a newer tmux, or set 'bin' under [tmux] in fleet.toml to one"
        case .socketPathTooLong: "Use a shorter TMUX_TMPDIR or a shorter 'socket' under [tmux] in fleet.toml"
        case .unsafeSocketFolder(let path): "Look at 'ls -ld \(path)'; it must be yours with mode 0700"
        case .noServer, .noSession, .noPane, .otherServer, .paneDead:
            "Run 'tmux-agent sessions' to see the agents, and 'tmux-agent spawn' to start one again"
        case .duplicateSession, .sessionTaken(_, nil):
            "Choose another branch name or 'prefix' under [tmux] in fleet.toml, or end that session"
        case .lineTooLong:
            "A terminal that reads line by line cuts lines at 4,095 bytes: break the line, or pass a file"
        case .unknownKey: "Keys are single characters or names such as Enter, Escape, C-c, Up, F5"
        case .paneBusy: "Try again when the other 'tmux-agent send' or action is done"
        case .commandFailed(let command, _, _): "The command was: \(command)"
        case .timedOut: "Its server is stopped, or the machine is very busy: try again"
        case .sessionTaken, .paneRunning, .pipedElsewhere, .lockFailed, .connectionLost,
            .unexpectedOutput,
            .notStarted, .notReached, .cancelled:
            nil
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .notInstalled, .tooOld, .notReached, .noServer, .timedOut, .connectionLost, .otherServer,
            .notStarted:
            .unavailable
        case .socketPathTooLong, .unsafeSocketFolder: .unusableSettings
        case .lineTooLong, .unknownKey: .usage
        case .unexpectedOutput: .bug
        case .cancelled: .interrupted
        default: .notAchieved
        }
    }
}

extension TmuxError {
    /// Turns what tmux wrote to standard error into a case; the sentences are those of tmux 3.2 to 3.5.
    init(status: Int32, message: String, command: String, socket: String) {
        let line = message.split(separator: "\n").first.map(String.init) ?? ""
        func rest(after prefix: String) -> String? {
            line.hasPrefix(prefix) ? String(line.dropFirst(prefix.count)) : nil
        }
        if line.hasPrefix("no server running on ") || line.hasPrefix("server exited")
            || line.hasPrefix("lost server")
            || (line.hasPrefix("error connecting to ")
                && (line.hasSuffix("(No such file or directory)") || line.hasSuffix("(Connection refused)")))
        {
            self = .noServer(socket: socket)
        } else if let name = rest(after: "can't find session: ") {
            self = .noSession(name)
        } else if let name = rest(after: "can't find pane: ") ?? rest(after: "no such pane: ")
            ?? rest(after: "can't find window: ") ?? rest(after: "no such window: ")
        {
            self = .noPane(name)
        } else if let name = rest(after: "duplicate session: ") {
            self = .duplicateSession(name)
        } else {
            self = .commandFailed(command: command, status: status, message: line)
        }
    }

    init(_ error: ProcessError) {
        switch error {
        case .executableNotFound(let name): self = .notInstalled(binary: name)
        case .spawnFailed(_, let reason): self = .notStarted(reason: reason)
        case .cancelled: self = .cancelled
        }
    }
}
