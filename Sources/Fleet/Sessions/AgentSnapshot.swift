public import Core
public import Store
internal import SystemPackage

/// An agent as it is now: what git and tmux say, not what was once written.
public struct AgentSnapshot: Sendable {
    public var agent: Agent
    public var state: AgentState
    public var waitingFor: WaitingFor?
    public var exitStatus: Int32?
    /// Since when it is in this state; nil when that is not known.
    public var since: Timestamp?
    public var stage: StageProgress?
    /// Commits of the branch that its base has not, and the other way round; nil when there is no base.
    public var ahead: Int?
    public var behind: Int?
    /// Nil while unknown: looking took too long.
    public var isDirty: Bool?
    /// When the git facts were read; nil: just now.
    public var factsAt: Timestamp?
    public var pendingApprovals: Int
    public var spawn = SpawnStanding.done
}

/// Where an agent stands in its pipeline.
public struct StageProgress: Sendable, Equatable {
    public var pipeline: String
    public var run: RunID
    public var runState: PipelineRun.State
    public var stage: String
    public var state: StageState
    public var attempt: Int
    /// Stages that are completed, and all of them.
    public var completed: Int
    public var total: Int

    /// The run's current stage: the first that is not completed, or the last one of an ended run.
    public init?(_ run: PipelineRun) {
        let failed = run.stages.first { $0.state == .failed }
        guard
            let stage = run.state == .failed
                ? failed ?? run.stages.last
                : run.stages.first(where: { $0.state != .completed }) ?? run.stages.last
        else { return nil }
        pipeline = run.pipeline
        self.run = run.id
        runState = run.state
        self.stage = stage.name
        state = stage.state
        attempt = stage.attempt
        completed = run.stages.count { $0.state == .completed }
        total = run.stages.count
    }
}
