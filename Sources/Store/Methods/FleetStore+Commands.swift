public import Core
internal import GRDB

extension FleetStore {
    /// Commands that wait, run, or could not be delivered, the oldest first; and the number of the next one.
    public func openCommands() async throws(StoreError) -> (commands: [QueuedCommand], nextNumber: Int) {
        try await read { [fleet] db in
            let next = try Int.fetchOne(
                db, sql: "SELECT nextNumber FROM orchestrator WHERE fleetID = ?", arguments: [fleet.rawValue])
            return (try TaskCommandRecord.open(fleet: fleet, db), next ?? 1)
        }
    }

    /// The newest commands in any state, the newest first; of these branches, or of all where none is named.
    public func commands(of branches: [String], limit: Int) async throws(StoreError) -> [QueuedCommand] {
        try await read { [fleet] db in
            let marks = branches.map { _ in "?" }.joined(separator: ", ")
            let isAsked = branches.isEmpty ? "" : "AND branch IN (\(marks))"
            return try TaskCommandRecord.fetchAll(
                db,
                sql: "SELECT * FROM taskCommand WHERE fleetID = ? \(isAsked) ORDER BY number DESC LIMIT ?",
                arguments: [fleet.rawValue] + StatementArguments(branches) + [limit]
            ).map(\.command)
        }
    }

    /// What a person asks of a command, in the journal, where an orchestrator takes it up.
    ///
    /// Throws ``StoreError/commandNotFound(id:similar:)``, or ``StoreError/commandEnded(id:state:)`` when it has come to an end.
    public func cancelCommand(_ id: String, by: String, at now: Timestamp) async throws(StoreError) {
        try await write { [fleet] db in
            let found = try TaskCommandRecord.fetchOne(
                db, sql: "SELECT * FROM taskCommand WHERE fleetID = ? AND id = ?",
                arguments: [fleet.rawValue, id])
            guard let command = found?.command else {
                let open = try TaskCommandRecord.open(fleet: fleet, db).map(\.id)
                throw StoreError.commandNotFound(id: id, similar: nearest(to: id, among: open))
            }
            guard command.state.isOpen || command.state == .dead else {
                throw StoreError.commandEnded(id: id, state: command.state)
            }
            let draft = JournalDraft(
                subject: .mainCheckout, kind: .taskRequested, source: by,
                payload: [
                    "branch": .string(command.branch), "request": "cancel_command", "command": .string(id),
                ])
            _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
        }
    }

    /// Notes where in the tap a command's present try is typed; kept for whoever looks for its result after a restart.
    public func noteTyped(_ command: String, at offset: Int64) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: "UPDATE taskCommand SET tapOffset = ? WHERE fleetID = ? AND id = ?",
                arguments: [offset, fleet.rawValue, command])
        }
    }

    /// Where in the tap a running command was typed; nil before it was.
    public func typedOffset(of command: String) async throws(StoreError) -> Int64? {
        try await read { [fleet] db in
            try Int64.fetchOne(
                db, sql: "SELECT tapOffset FROM taskCommand WHERE fleetID = ? AND id = ?",
                arguments: [fleet.rawValue, command])
        }
    }
}
