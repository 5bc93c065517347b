internal import GRDB

extension FleetStore {
    /// The agents and what they are at.
    public func overview() async throws(StoreError) -> FleetOverview {
        try await read { [fleet] db in
            FleetOverview(
                agents: try Self.agents(removed: false, fleet, db), runs: try Self.latestRuns(fleet, db),
                approvals: try Self.pendingApprovals(fleet, db), facts: try Self.gitFacts(fleet, db))
        }
    }
}
