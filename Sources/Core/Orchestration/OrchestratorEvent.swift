/// What the orchestrator learns.
public enum OrchestratorEvent: Sendable, Equatable, Codable {
    /// Time has passed.
    case tick
    /// The tasks as they are now; they form no circle.
    case planned(tasks: [PlannedTask])
    case capacity(Capacity)
    case facts(branch: String, facts: TaskFacts)
    /// Somebody says which phase a task is in.
    case phase(branch: String, phase: String, source: TaskStanding.PhaseSource)
    case spawned(branch: String, agent: AgentID)
    /// With `again` it is worth another try.
    case notSpawned(branch: String, reason: String, again: Bool)
    /// Its agent was not made, because its dependencies cannot be merged.
    case conflicted(branch: String, conflict: TaskStanding.Conflict)
    /// The decider's input is gathered.
    case prepared(branch: String, hash: String)
    case notPrepared(branch: String, reason: String)
    case decided(branch: String, decision: Decision)
    case notDecided(branch: String, reason: String)
    case ended(command: String, end: CommandEnd)
    /// Somebody, or the end of its time, answered a question about a command.
    case answered(approval: ApprovalID, approved: Bool, by: String)
    /// Somebody does not want one command of a task any more.
    case cancelled(command: String, by: String)
    case requested(branch: String, request: TaskRequest)
}

/// What a person or a policy asks of a task.
public enum TaskRequest: String, Sendable, Codable, CaseIterable {
    /// Nothing is begun for it, and nothing typed.
    case hold
    /// Ends a hold or a pause.
    case release
    /// It is given up; its agent is left as it is.
    case cancel
    /// A failed or cancelled task begins anew; commands that could not be delivered are tried again.
    case retry
}

/// What the machine has left; nil each: whatever it is.
public struct Capacity: Sendable, Equatable, Codable {
    /// Bytes that programs could still get.
    public var freeMemory: Int64?
    /// The load of the last minute divided by the processors.
    public var load: Double?
    /// Agents that live here beside those of this plan's begun tasks, of every fleet.
    public var otherAgents: Int?

    public init(freeMemory: Int64? = nil, load: Double? = nil, otherAgents: Int? = nil) {
        self.freeMemory = freeMemory
        self.load = load
        self.otherAgents = otherAgents
    }
}
