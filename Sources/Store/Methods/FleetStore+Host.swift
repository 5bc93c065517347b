internal import Core
internal import GRDB

extension FleetStore {
    /// Agents and beginning tasks of every fleet in this database, but for this fleet's begun tasks and for agents whose task
    /// is done.
    public func hostTenants() async throws(StoreError) -> [HostTenant] {
        try await read { [fleet] db in try Self.hostTenants(beside: fleet, db) }
    }

    static func hostTenants(beside fleet: FleetID, _ db: Database) throws -> [HostTenant] {
        let agents = try Row.fetchAll(
            db,
            sql: """
                SELECT fleetID, branch, panePID, paneStartTime, spawnerPID, spawnerStartTime FROM agent
                WHERE removedAt IS NULL AND (panePID IS NOT NULL OR spawnerPID IS NOT NULL) AND NOT EXISTS (
                    SELECT 1 FROM task WHERE task.fleetID = agent.fleetID AND task.branch = agent.branch
                        AND (task.state = 'done'
                            OR task.fleetID = ? AND task.state IN ('starting', 'running')))
                """, arguments: [fleet.rawValue])
        let tasks = try Row.fetchAll(
            db, sql: "SELECT fleetID, branch FROM task WHERE state = 'starting' AND fleetID <> ?",
            arguments: [fleet.rawValue])
        return agents.map { row in
            HostTenant(
                fleet: FleetID(row["fleetID"]), branch: row["branch"],
                process: AgentRecord.process(row, "panePID", "paneStartTime"),
                spawner: AgentRecord.process(row, "spawnerPID", "spawnerStartTime"))
        }
            + tasks.map { HostTenant(fleet: FleetID($0["fleetID"]), branch: $0["branch"]) }
    }
}
