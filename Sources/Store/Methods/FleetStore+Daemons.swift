internal import Core
internal import GRDB

extension FleetStore {
    /// Takes a role over and gives back who had it.
    ///
    /// The file lock decides who may; this row tells others who it is, and the next daemon whose control
    /// client to end.
    @discardableResult
    public func register(_ daemon: DaemonRegistration) async throws(StoreError) -> DaemonRegistration? {
        try await write { [fleet] db in
            let former = try Self.daemons(fleet, db).first { $0.role == daemon.role }
            try db.execute(
                sql: """
                    INSERT OR REPLACE INTO daemon
                        (fleetID, role, pid, startTime, controlPID, controlStartTime, since)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    fleet.rawValue, daemon.role.rawValue, daemon.process.pid, daemon.process.startTime,
                    daemon.controlClient?.pid, daemon.controlClient?.startTime, daemon.since.milliseconds,
                ])
            return former
        }
    }

    /// Writes down the control client of the daemon that is `process`; nothing when another one took the
    /// role.
    public func setControlClient(
        _ client: RecordedProcess?, of role: DaemonRole, process: RecordedProcess
    ) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: """
                    UPDATE daemon SET controlPID = ?, controlStartTime = ?
                    WHERE fleetID = ? AND role = ? AND pid = ? AND startTime = ?
                    """,
                arguments: [
                    client?.pid, client?.startTime, fleet.rawValue, role.rawValue, process.pid,
                    process.startTime,
                ])
        }
    }

    /// Gives a role back at an orderly end.
    public func unregister(_ role: DaemonRole, process: RecordedProcess) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: "DELETE FROM daemon WHERE fleetID = ? AND role = ? AND pid = ? AND startTime = ?",
                arguments: [fleet.rawValue, role.rawValue, process.pid, process.startTime])
        }
    }

    /// Who has which role; a killed daemon is still listed, so compare pid and start time with what runs.
    public func daemons() async throws(StoreError) -> [DaemonRegistration] {
        try await read { [fleet] db in try Self.daemons(fleet, db) }
    }

    private static func daemons(_ fleet: FleetID, _ db: Database) throws -> [DaemonRegistration] {
        try Row.fetchAll(
            db, sql: "SELECT * FROM daemon WHERE fleetID = ? ORDER BY role", arguments: [fleet.rawValue]
        ).map { row in
            DaemonRegistration(
                role: try row.word("role"),
                process: RecordedProcess(pid: row["pid"], startTime: row["startTime"]),
                controlClient: AgentRecord.process(row, "controlPID", "controlStartTime"),
                since: row.time("since"))
        }
    }
}
