public import Core
public import SystemPackage

/// Why the database could not be opened, read or written.
public enum StoreError: Error, Equatable {
    case databaseTooNew(path: FilePath)
    /// An SQLite file of some other program.
    case notOurs(path: FilePath)
    case corrupt(path: FilePath, detail: String)
    case readOnly(path: FilePath)
    case full(path: FilePath)
    case locked(path: FilePath)
    case cannotOpen(path: FilePath, reason: String)
    case cancelled
    case fleetNotRegistered(FleetID)
    case agentNotFound(name: String, similar: [String])
    case branchTaken(branch: String)
    case sessionTaken(session: String)
    case approvalNotFound(id: String, similar: [String])
    /// The policy names the ways in which this question may be answered, and this is none of them.
    case channelRefused(id: ApprovalID, through: String, allowed: [String])
    case runNotFound(id: String)
    case taskTaken(branch: String)
    /// It stands in orchestrator.toml, which people edit.
    case taskOfFile(branch: String)
    case taskRuns(branch: String)
    case taskNeeded(branch: String, by: [String])
    case taskNotFound(branch: String, similar: [String])
    case commandNotFound(id: String, similar: [String])
    /// It came to its end before, so nothing can be asked of it.
    case commandEnded(id: String, state: QueuedCommand.State)
    /// Somebody else moved this position: the input was handled already, or two handle it.
    case positionMoved(what: String, expected: Int64, found: Int64)
    /// The action is not being attempted, so it cannot end.
    case notAttempting(OutboxID)
    /// A rule of the schema was broken: a fault of this program.
    case ruleBroken(detail: String)
    case failed(path: FilePath, detail: String)
}

extension StoreError: UserFacingError {
    public var code: String {
        switch self {
        case .databaseTooNew: "database_too_new"
        case .notOurs: "database_not_ours"
        case .corrupt: "database_corrupt"
        case .readOnly: "database_read_only"
        case .full: "database_full"
        case .locked: "database_locked"
        case .cannotOpen: "database_cannot_open"
        case .cancelled: "cancelled"
        case .fleetNotRegistered: "fleet_not_registered"
        case .agentNotFound: "agent_not_found"
        case .branchTaken: "branch_taken"
        case .sessionTaken: "session_taken"
        case .approvalNotFound: "approval_not_found"
        case .channelRefused: "approval_channel_refused"
        case .runNotFound: "run_not_found"
        case .taskTaken: "task_taken"
        case .taskOfFile: "task_of_file"
        case .taskRuns: "task_runs"
        case .taskNeeded: "task_needed"
        case .taskNotFound: "task_not_found"
        case .commandNotFound: "command_not_found"
        case .commandEnded: "command_ended"
        case .positionMoved: "position_moved"
        case .notAttempting: "not_attempting"
        case .ruleBroken: "database_rule_broken"
        case .failed: "database_failed"
        }
    }

    public var message: String {
        switch self {
        case .databaseTooNew(let path): "\(path) was written by a newer tmux-agent"
        case .notOurs(let path): "\(path) is a database of another program"
        case .corrupt(let path, let detail): "\(path) is damaged: \(detail)"
        case .readOnly(let path): "\(path) cannot be written"
        case .full(let path): "No space left for \(path)"
        case .locked(let path): "\(path) is locked by another process"
        case .cannotOpen(let path, let reason): "Could not open \(path): \(reason)"
        case .cancelled: "Interrupted"
        case .fleetNotRegistered(let id): "The database knows no fleet '\(id)'"
        case .agentNotFound(let name, _): "No agent named '\(name)'"
        case .branchTaken(let branch): "Branch '\(branch)' has an agent already"
        case .sessionTaken(let session): "Session '\(session)' belongs to another agent"
        case .approvalNotFound(let id, _): "No approval '\(id)'"
        case .channelRefused(let id, let channel, _): "Approval \(id) is not answered through '\(channel)'"
        case .runNotFound(let id): "No run '\(id)'"
        case .taskTaken(let branch): "Branch '\(branch.visible)' has a task already"
        case .taskOfFile(let branch): "The task '\(branch.visible)' stands in .tmuxagent/orchestrator.toml"
        case .taskRuns(let branch): "The task '\(branch.visible)' has begun"
        case .taskNeeded(let branch, let others):
            "The task '\(branch.visible)' is waited for by \(others.map { "'\($0.visible)'" }.joined(separator: ", "))"
        case .taskNotFound(let branch, _): "No task for the branch '\(branch.visible)'"
        case .commandNotFound(let id, _): "No command '\(id.visible)'"
        case .commandEnded(let id, let state): "Command '\(id)' has ended already (\(state.rawValue))"
        case .positionMoved(let what, let expected, let found):
            "\(what) stands at \(found), not at \(expected)"
        case .notAttempting(let id): "Action '\(id)' is not under way"
        case .ruleBroken(let detail): "The database refused a write: \(detail)"
        case .failed(let path, let detail): "\(path): \(detail)"
        }
    }

    public var hint: String? {
        switch self {
        case .databaseTooNew: "Upgrade tmux-agent, or point TMUX_AGENT_HOME at another folder"
        case .notOurs: "Name another file under [state] db in fleet.toml, or point TMUX_AGENT_HOME elsewhere"
        case .corrupt(let path, _):
            "Stop tmux-agent, then rescue it with: sqlite3 \(path) .recover | sqlite3 \(path).recovered"
        case .readOnly(let path): "Make the file and its folder writable for you: ls -ld \(path)"
        case .full: "Free some space on that file system and try again"
        case .locked: "Try again; 'tmux-agent status' shows whether a daemon hangs"
        case .cannotOpen(let path, _): "Look at the path: ls -ld \(path)"
        case .fleetNotRegistered: "Run 'tmux-agent init' in the repository"
        case .agentNotFound(_, let similar) where !similar.isEmpty: Self.suggestion(similar)
        case .agentNotFound: "Run 'tmux-agent sessions' to see the agents of this repository"
        case .approvalNotFound(_, let similar) where !similar.isEmpty: Self.suggestion(similar)
        case .approvalNotFound: "Run 'tmux-agent approvals --all' to see them"
        case .channelRefused(_, _, let allowed):
            "The policy wants it answered through \(allowed.joined(separator: " or "))"
        case .branchTaken(let branch):
            "See it with: tmux-agent sessions; remove it with: tmux-agent rm \(branch)"
        case .taskTaken: "See it with: tmux-agent tasks list"
        case .taskOfFile: "Take it out of the file"
        case .taskRuns(let branch): "Give it up first: tmux-agent tasks cancel \(branch.visible)"
        case .taskNeeded: "Remove those first, or all of them in one command"
        case .taskNotFound(_, let similar) where !similar.isEmpty: Self.suggestion(similar)
        case .taskNotFound: "Run 'tmux-agent tasks list' to see them"
        case .commandNotFound(_, let similar) where !similar.isEmpty: Self.suggestion(similar)
        case .commandNotFound, .commandEnded: "Run 'tmux-agent tasks commands' to see those that wait or run"
        case .sessionTaken: "Choose another prefix under [tmux] in fleet.toml"
        case .positionMoved: "Two daemons seem to watch this fleet: run 'tmux-agent status'"
        case .cancelled, .runNotFound, .notAttempting, .ruleBroken, .failed: nil
        }
    }

    public var exitStatus: ExitStatus {
        switch self {
        case .databaseTooNew, .notOurs, .corrupt, .readOnly, .cannotOpen: .unusableSettings
        case .channelRefused: .refused
        case .ruleBroken: .bug
        case .cancelled: .interrupted
        default: .notAchieved
        }
    }

    private static func suggestion(_ names: [String]) -> String {
        "Did you mean \(names.map { "'\($0)'" }.joined(separator: " or "))?"
    }
}
