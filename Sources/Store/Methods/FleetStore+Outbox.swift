public import Core
internal import GRDB

extension FleetStore {
    /// Takes the oldest due action of every subject's lane that has none under way, and marks it as attempted.
    ///
    /// The lanes are typing, processes and messages: a long shell action holds up neither keys nor notices. An action
    /// that may have been begun is always recognised. Of several callers each action goes to one. Where nothing but
    /// the mark says that an action was begun (a command, a spawn), the mark is on the disk when this returns; typing
    /// is remembered by tmux, which a failure of the machine ends too.
    public func claimOutbox(now: Timestamp) async throws(StoreError) -> [OutboxItem] {
        guard try await hasDue(now) else { return [] }
        let quick = try await write { [fleet] db in
            try Self.claim(fleet, now, db) { items in items.allSatisfy { !$0.action.needsDurableMark } }
        }
        if let quick { return quick }
        return try await store.writeDurably { [fleet] db in try Self.claim(fleet, now, db) { _ in true } }
            ?? []
    }

    /// Nil, and nothing changed, when the due actions are none that `accepts` takes.
    private static func claim(
        _ fleet: FleetID, _ now: Timestamp, _ db: Database, _ accepts: ([OutboxItem]) -> Bool
    ) throws -> [OutboxItem]? {
        var items = try OutboxRecord.fetchAll(
            db, sql: "SELECT * FROM outbox WHERE number IN (\(claimable)) ORDER BY number",
            arguments: ["fleet": fleet.rawValue, "now": now.milliseconds]
        ).map(\.item)
        guard accepts(items) else { return nil }
        for index in items.indices {
            items[index].state = .attempting
            try db.execute(
                sql: "UPDATE outbox SET state = 'attempting', startedAt = ? WHERE id = ?",
                arguments: [now.milliseconds, items[index].id.rawValue])
        }
        return items
    }

    /// When the next pending action becomes due; nil when none is pending.
    public func nextOutboxDue() async throws(StoreError) -> Timestamp? {
        try await read { [fleet] db in
            try Int64.fetchOne(
                db, sql: "SELECT min(dueAt) FROM outbox WHERE fleetID = ? AND state = 'pending'",
                arguments: [fleet.rawValue]
            ).map(Timestamp.init(milliseconds:))
        }
    }

    /// Ends an action and lets the policy react to it, in one transaction with the journal row.
    ///
    /// `react` gets the ended action and its result; it must be pure. Throws ``StoreError/notAttempting(_:)``
    /// when the action is not under way: it ended already, or was never claimed.
    public func finish<Output: Sendable>(
        _ result: ActionResult, generation: Int = 0, at now: Timestamp,
        react: @escaping @Sendable (OutboxItem) -> Decided<Output>
    ) async throws(StoreError) -> Committed<Output> {
        try await write { [fleet] db in
            let item = try Self.end(result, fleet, now, db)
            let writer = StepWriter(fleet: fleet, subject: item.subject, generation: generation, now: now)
            return try writer.run(db) { _ in react(item) }
        }
    }

    /// Ends an action that no policy waits for.
    public func finish(_ result: ActionResult, at now: Timestamp) async throws(StoreError) {
        _ = try await finish(result, at: now) { _ in Decided(WatchStep(), ()) }
    }

    /// Actions that a predecessor began and did not end; nothing about them is changed.
    ///
    /// Their owner finds out what became of each, then calls ``finish(_:generation:at:react:)`` or
    /// ``release(_:)``.
    public func recoverAttempting() async throws(StoreError) -> [OutboxItem] {
        try await read { [fleet] db in
            try OutboxRecord.fetchAll(
                db, sql: "SELECT * FROM outbox WHERE fleetID = ? AND state = 'attempting' ORDER BY number",
                arguments: [fleet.rawValue]
            ).map(\.item)
        }
    }

    /// Actions that have not ended, in order.
    public func openOutbox() async throws(StoreError) -> [OutboxItem] {
        try await read { [fleet] db in
            try OutboxRecord.fetchAll(
                db, sql: "SELECT * FROM outbox WHERE fleetID = ? AND endedAt IS NULL ORDER BY number",
                arguments: [fleet.rawValue]
            ).map(\.item)
        }
    }

    /// Puts an action back that is known not to have begun, or that may be done twice.
    public func release(_ id: OutboxID) async throws(StoreError) {
        try await write { [fleet] db in
            try db.execute(
                sql: """
                    UPDATE outbox SET state = 'pending', startedAt = NULL
                    WHERE fleetID = ? AND id = ? AND state = 'attempting'
                    """, arguments: [fleet.rawValue, id.rawValue])
            guard db.changesCount > 0 else { throw StoreError.notAttempting(id) }
        }
    }

    /// Adds an action that no watcher decided on, such as an order of the dashboard; false when the id is
    /// there already.
    @discardableResult
    public func enqueue(_ item: OutboxItem) async throws(StoreError) -> Bool {
        try await write { [fleet] db in
            try OutboxRecord.insert(item, fleet: fleet, db)
            return db.changesCount > 0
        }
    }

    /// The action of this id in whatever state; nil when there is none.
    public func outboxItem(_ id: OutboxID) async throws(StoreError) -> OutboxItem? {
        try await read { [fleet] db in try OutboxRecord.fetch(id, fleet: fleet, db) }
    }

    /// What the hands were given for a subject since `time`, in order, and how it ended.
    public func recordedActions(
        of subject: Subject, since time: Timestamp
    ) async throws(StoreError) -> [RecordedAction] {
        try await read { [fleet] db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT outbox.*, run.pipeline FROM outbox LEFT JOIN run ON run.id = outbox.run
                    WHERE outbox.fleetID = ? AND outbox.subject = ? AND outbox.createdAt >= ? ORDER BY number
                    """, arguments: [fleet.rawValue, subject.key, time.milliseconds]
            ).map { row in
                RecordedAction(
                    item: try OutboxRecord(row: row).item, pipeline: row["pipeline"],
                    startedAt: row.optionalTime("startedAt"), endedAt: row.optionalTime("endedAt"),
                    exitCode: row["exitCode"], detail: row["detail"])
            }
        }
    }

    /// The oldest due action of each subject's lane without one under way.
    ///
    /// By due ones only: an action that waits for its back-off does not hold up those behind it.
    private static let claimable = """
        SELECT min(number) FROM outbox AS candidate
        WHERE fleetID = :fleet AND state = 'pending' AND dueAt <= :now AND NOT EXISTS (
            SELECT 1 FROM outbox AS busy
            WHERE busy.fleetID = candidate.fleetID AND busy.subject = candidate.subject
                AND busy.lane = candidate.lane AND busy.state = 'attempting')
        GROUP BY subject, lane
        """

    private func hasDue(_ now: Timestamp) async throws(StoreError) -> Bool {
        try await read { [fleet] db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (
                        SELECT 1 FROM outbox WHERE fleetID = ? AND state = 'pending' AND dueAt <= ?)
                    """, arguments: [fleet.rawValue, now.milliseconds]) ?? false
        }
    }

    private static func end(
        _ result: ActionResult, _ fleet: FleetID, _ now: Timestamp, _ db: Database
    ) throws -> OutboxItem {
        guard var item = try OutboxRecord.fetch(result.item, fleet: fleet, db), item.state == .attempting,
            [.done, .failed, .uncertain].contains(result.state)
        else { throw StoreError.notAttempting(result.item) }
        try db.execute(
            sql: "UPDATE outbox SET state = ?, endedAt = ?, exitCode = ?, detail = ? WHERE id = ?",
            arguments: [
                result.state.rawValue, now.milliseconds, result.exitCode, result.detail, item.id.rawValue,
            ])
        item.state = result.state
        var payload: JSONObject = [
            "item": .string(item.id.rawValue), "state": .string(result.state.rawValue),
        ]
        payload["exit_code"] = result.exitCode.map { .integer(Int64($0)) }
        payload["detail"] = result.detail.map { .string($0) }
        let draft = JournalDraft(
            subject: item.subject, kind: .actionEnded, source: "hands", payload: payload, run: item.run,
            stage: item.stage)
        _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
        return item
    }
}

extension Action {
    fileprivate var needsDurableMark: Bool {
        switch self {
        case .shell, .spawn: true
        case .sendKeys, .keys, .notify, .emit, .answerDialog: false
        }
    }
}
