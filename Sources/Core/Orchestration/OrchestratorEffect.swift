/// What the orchestrator wants done.
public enum OrchestratorEffect: Sendable, Equatable, Codable {
    /// Make the task's agent, start it again, or find it running.
    case spawn(branch: String)
    /// Gather what the decider is to see.
    case prepare(branch: String, prompt: DecisionPrompt)
    /// Ask the decider with the gathered input.
    case decide(branch: String)
    case run(command: String)
    /// Press C-c: its time is over.
    case interrupt(command: String)
    case ask(command: String)
    /// Take the question about a command back.
    case withdraw(approval: ApprovalID)
    case alarm(TaskAlarm)
    /// Something for people that is no alarm.
    case tell(branch: String, number: Int, text: String)
    case changed(branch: String, from: TaskStanding.State, to: TaskStanding.State, why: String)
    /// A command that came to nothing before it began, or that the rules forbid.
    case dropped(command: String, state: QueuedCommand.State, why: String)
}

/// One episode in which a task needs a person.
public struct TaskAlarm: Sendable, Equatable, Codable {
    public var branch: String
    /// Counts the task's alarms, from 1.
    public var number: Int
    public var reason: TaskStanding.Pause.Reason
    public var detail: String

    public init(branch: String, number: Int, reason: TaskStanding.Pause.Reason, detail: String) {
        self.branch = branch
        self.number = number
        self.reason = reason
        self.detail = detail
    }
}
