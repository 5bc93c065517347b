public import Core

/// Who may take room on this machine: an agent, or a task that begins and has none yet; of any fleet in this database.
public struct HostTenant: Sendable, Equatable {
    public var fleet: FleetID
    public var branch: String
    /// What was started in its pane, and who starts it; nil both: a task of which only its orchestrator knows.
    public var process: RecordedProcess?
    public var spawner: RecordedProcess?

    public init(
        fleet: FleetID, branch: String, process: RecordedProcess? = nil, spawner: RecordedProcess? = nil
    ) {
        self.fleet = fleet
        self.branch = branch
        self.process = process
        self.spawner = spawner
    }
}

/// How many agents this machine may have when a step begins tasks; looked at where no other fleet can begin any.
public struct HostRoom: Sendable {
    public var most: Int
    /// This fleet's begun tasks, with those that the step begins.
    public var own: Int
    /// How many of the others take room in fact.
    public var count: @Sendable ([HostTenant]) -> Int

    public init(most: Int, own: Int, count: @escaping @Sendable ([HostTenant]) -> Int) {
        self.most = most
        self.own = own
        self.count = count
    }
}
