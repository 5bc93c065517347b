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
}

extension OrchestratorError: UserFacingError {
    public var code: String {
        switch self {
        case .alreadyRunning: "orchestrator_already_running"
        case .noTasks: "no_tasks"
        case .noRecord: "no_record"
        }
    }

    public var message: String {
        switch self {
        case .alreadyRunning(let pid): "The tasks of this fleet are orchestrated already (pid \(pid))"
        case .noTasks: "There is no task"
        case .noRecord(let path): "There is no record of an orchestrator at \(path.string.visible)"
        }
    }

    public var hint: String? {
        switch self {
        case .alreadyRunning: "That is 'tmux-agent up' or another 'tmux-agent orchestrate'; end one of them"
        case .noTasks:
            "Write '[[tasks]]' into \(OrchestratorFile.path), or run 'tmux-agent tasks add BRANCH'"
        case .noRecord:
            "It is written while tasks run ('tmux-agent up' or 'orchestrate'); name another with '--log', or try a policy with '--policy'"
        }
    }
}
