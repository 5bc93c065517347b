internal import Core
internal import GRDB

extension FleetStore {
    /// Whether an agent of another fleet in this database has the branch.
    public func isBranchOfOtherFleet(_ branch: String) async throws(StoreError) -> Bool {
        try await read { [fleet] db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (
                        SELECT 1 FROM agent WHERE branch = ? AND removedAt IS NULL AND fleetID <> ?)
                    """, arguments: [branch, fleet.rawValue]) ?? false
        }
    }
}
