public import Core
internal import GRDB
public import SystemPackage

extension FleetStore {
    /// Keeps what git said, newer facts replacing older ones.
    public func record(_ facts: [GitFact]) async throws(StoreError) {
        try await write { [fleet] db in
            for fact in facts {
                try db.execute(
                    sql: """
                        INSERT INTO gitFact (fleetID, worktree, branch, head, ahead, behind, dirty, at)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        ON CONFLICT (fleetID, worktree) DO UPDATE SET branch = excluded.branch,
                            head = excluded.head, ahead = excluded.ahead, behind = excluded.behind,
                            dirty = excluded.dirty, at = excluded.at
                        WHERE excluded.at >= at
                        """,
                    arguments: [
                        fleet.rawValue, fact.worktree.string, fact.branch, fact.head, fact.ahead, fact.behind,
                        fact.isDirty, fact.at.milliseconds,
                    ])
            }
        }
    }

    /// What git said last about every worktree; the reader judges by `at` whether that is fresh enough.
    public func gitFacts() async throws(StoreError) -> [GitFact] {
        try await read { [fleet] db in try Self.gitFacts(fleet, db) }
    }

    static func gitFacts(_ fleet: FleetID, _ db: Database) throws -> [GitFact] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM gitFact WHERE fleetID = ? ORDER BY worktree", arguments: [fleet.rawValue]
        ).map {
            GitFact(
                worktree: FilePath($0["worktree"] as String), branch: $0["branch"], head: $0["head"],
                ahead: $0["ahead"], behind: $0["behind"], isDirty: $0["dirty"], at: $0.time("at"))
        }
    }

    /// Remembers that somebody agreed to run these setup commands.
    public func consent(toSetup hash: String, at now: Timestamp) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: "INSERT INTO setupConsent (fleetID, hash, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [fleet.rawValue, hash, now.milliseconds])
        }
    }

    public func hasConsented(toSetup hash: String) async throws(StoreError) -> Bool {
        try await read { [fleet] db in
            try Self.exists("SELECT 1 FROM setupConsent WHERE fleetID = ? AND hash = ?", hash, fleet, db)
        }
    }

    /// Remembers that somebody trusts the `.tmuxagent/` of this fleet at this place; the fleet need not be
    /// registered.
    public func trust(_ path: FilePath, at now: Timestamp) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: "INSERT INTO trust (fleetID, path, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [fleet.rawValue, path.string, now.milliseconds])
        }
    }

    /// Takes trust back; what runs already goes on.
    public func distrust(_ path: FilePath) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: "DELETE FROM trust WHERE fleetID = ? AND path = ?",
                arguments: [fleet.rawValue, path.string])
        }
    }

    /// What the database says of this fleet at `path`, before anything else of it is read.
    public func standing(at path: FilePath) async throws(StoreError) -> FleetStanding {
        try await read { [fleet] db in
            FleetStanding(
                registration: try Self.registration(fleet, db),
                isTrusted: try Self.exists(
                    "SELECT 1 FROM trust WHERE fleetID = ? AND path = ?", path.string, fleet, db))
        }
    }

    /// True only for this fleet at this very place: a copy elsewhere is not trusted with it.
    public func isTrusted(_ path: FilePath) async throws(StoreError) -> Bool {
        try await standing(at: path).isTrusted
    }

    private static func exists(
        _ query: String, _ value: String, _ fleet: FleetID, _ db: Database
    ) throws -> Bool {
        try Bool.fetchOne(db, sql: "SELECT EXISTS (\(query))", arguments: [fleet.rawValue, value]) ?? false
    }
}
