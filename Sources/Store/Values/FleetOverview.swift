public import Core

/// What is known of a fleet's agents and of their work, all of one moment.
public struct FleetOverview: Sendable {
    /// Living agents in the order of their creation.
    public var agents: [Agent]
    /// The last run of every subject and pipeline, whether it ended or not.
    public var runs: [PipelineRun]
    /// Questions without an answer, the oldest first.
    public var approvals: [Approval]
    /// What git said last about every worktree.
    public var facts: [GitFact]
}
