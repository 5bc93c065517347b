public import Core

/// How much there is of everything, at one moment.
public struct FleetStatistics: Sendable, Equatable {
    public var agents: [AgentState: Int]
    /// Runs that are queued or running.
    public var openRuns: [PipelineRun.State: Int]
    public var pendingApprovals: Int
    /// When the oldest open question was asked; nil when none is open.
    public var oldestQuestion: Timestamp?
    /// Actions that are kept, done ones too, by the words of their states.
    public var outbox: [String: Int]
    public var deliveries: [DeliveryCount]
    /// How far each subject's tap was read.
    public var tapOffsets: [Subject: Int64]
    /// Bytes of the database without its write-ahead log.
    public var databaseBytes: Int64
}

/// Notices on their way through one channel, or past it.
public struct DeliveryCount: Sendable, Equatable {
    public var channel: String
    public var state: Delivery.State
    public var count: Int
}
