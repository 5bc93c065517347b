public import Core
internal import GRDB

extension FleetStore {
    /// Whether an agent of another fleet in this database has all of the names that are given, at least one.
    public func isAgentOfOtherFleet(
        branch: String? = nil, session: String? = nil, pane: String? = nil
    ) async throws(StoreError) -> Bool {
        try await read { [fleet] db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (
                        SELECT 1 FROM agent WHERE removedAt IS NULL AND fleetID <> ?1
                            AND coalesce(?2, ?3, ?4) IS NOT NULL AND (?2 IS NULL OR branch = ?2)
                            AND (?3 IS NULL OR session = ?3) AND (?4 IS NULL OR pane = ?4))
                    """, arguments: [fleet.rawValue, branch, session, pane]) ?? false
        }
    }

    /// Whether an agent of any fleet in this database lives in the pane.
    public func isAgents(_ pane: HostPane) async throws(StoreError) -> Bool {
        try await read { db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (
                        SELECT 1 FROM agent WHERE removedAt IS NULL AND pane = ?
                            AND serverPID = ? AND serverStartTime = ?)
                    """, arguments: [pane.pane.description, pane.serverPID, pane.serverStart]) ?? false
        }
    }
}
