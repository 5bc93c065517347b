/// The numbers of orchestrator.toml that decisions over time go by.
public struct OrchestratorSettings: Sendable, Equatable, Codable {
    /// A task is looked at again after so long, also when nothing happens.
    public var pollInterval = Duration.seconds(45)
    /// Between two decisions for one branch, and between two rounds of its commands.
    public var cooldown = Duration.seconds(120)
    /// Between two commands for one session.
    public var sessionCooldown = Duration.seconds(20)
    /// So many commands of one branch make a round.
    public var maxCommandsPerCycle = 2
    /// How many rows of its screen a decider sees.
    public var historyLines = 400
    public var defaultPhase = "planning"
    public var completionPhase = "done"
    /// People hear only of decisions that they must confirm.
    public var notifyOnlyOnConfirmation = true
    /// Tasks that are begun and not done, at most.
    public var maxAgents = 4
    /// No task begins while so many agents of all fleets live on this machine; nil: however many there are.
    public var maxAgentsPerHost: Int?
    /// Calls of the decider side by side, at most.
    public var maxDecisions = 4
    /// No task begins with less memory available; nil: whatever there is.
    public var minimumFreeMemory: Int64?
    /// No task begins while the load of the last minute, divided by the processors, is higher; nil: whatever it is.
    public var maximumLoad: Double?
    /// An agent that shows no progress for so long stalls.
    public var stallTimeout = Duration.seconds(300)
    /// So often the decider is asked about a stall before people are told.
    public var stallRetriesBeforeNotify = 2
    /// So many commands failing one after another pause a branch.
    public var failureAlertThreshold = 3
    /// A shell command that runs longer is interrupted.
    public var commandTimeout = Duration.seconds(45)
    /// A command that waits longer in the queue is not run any more.
    public var commandExpiry = Duration.seconds(3600)
    /// How often delivering a command is tried before it is given up.
    public var commandTries = 5
    /// How long a question about a command stays open; nobody's answer counts as no.
    public var confirmationExpiry = Duration.seconds(86_400)
    /// How often an agent that ended before its task was done is started again.
    public var agentRestarts = 1
    /// Failed calls of the decider for one task after which people are told.
    public var decisionFailureThreshold = 3
    /// The decider sums up tasks that are done.
    public var hasSummary = false
    /// There is a decider.
    public var hasDecider = false
    /// The first pause after a failure; it doubles up to `longestBackOff`.
    public var backOff = Duration.seconds(10)
    public var longestBackOff = Duration.seconds(1800)

    public init() {}

    /// The pause after so many failures in a row.
    func pause(after failures: Int) -> Duration {
        var pause = backOff
        for _ in 1..<max(1, min(failures, 20)) where pause < longestBackOff { pause *= 2 }
        return min(pause, longestBackOff)
    }
}
