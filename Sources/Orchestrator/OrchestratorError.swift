internal import Config
public import Core
public import SystemPackage

/// Why tasks cannot be orchestrated.
public enum OrchestratorError: Error, Equatable {
    /// Another process has the role.
    case alreadyRunning(pid: Int32)
    /// Neither orchestrator.toml nor `tasks add` has a task.
    case noTasks
    /// Nothing was recorded there.
    case noRecord(FilePath)
    /// No line of the record is about this branch.
    case notRecorded(branch: String, nearest: String?)
    /// The request would change nothing; `why` follows the task's name in a sentence.
    case futile(TaskRequest, branch: String, why: String)
}

extension OrchestratorError: UserFacingError {
    public var code: String {
        switch self {
        case .alreadyRunning: "orchestrator_already_running"
        case .noTasks: "no_tasks"
        case .noRecord: "no_record"
        case .notRecorded: "branch_not_recorded"
        case .futile: "task_request_futile"
        }
    }

    public var message: String {
        switch self {
        case .alreadyRunning(let pid): "The tasks of this fleet are orchestrated already (pid \(pid))"
        case .noTasks: "There is no task"
        case .noRecord(let path): "There is no record of an orchestrator at \(path.string.visible)"
        case .notRecorded(let branch, _): "The record says nothing of a branch '\(branch.visible)'"
        case .futile(_, let branch, let why): "The task '\(branch.visible)' \(why)"
        }
    }

    public var hint: String? {
        switch self {
        case .alreadyRunning: "That is 'tmux-agent up' or another 'tmux-agent orchestrate'; end one of them"
        case .noTasks:
            "Write '[[tasks]]' into \(OrchestratorFile.path), or run 'tmux-agent tasks add BRANCH'"
        case .noRecord:
            "It is written while tasks run ('tmux-agent up' or 'orchestrate'); name another with '--log', or try a policy with '--policy'"
        case .notRecorded(_, let nearest):
            nearest.map { "Did you mean '\($0.visible)'?" } ?? "Leave '--branch' out to see all of them"
        case .futile(.retry, _, _):
            "'retry' is for tasks that failed, were cancelled or conflict, and for commands that could not be delivered"
        case .futile: "Nothing was asked; see where tasks stand with: tmux-agent tasks"
        }
    }
}
