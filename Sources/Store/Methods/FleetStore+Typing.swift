public import Core
internal import GRDB

/// Texts that were typed into a pane, oldest first.
public struct TypedTexts: Sendable, Equatable {
    public var texts: [String]
    /// Ask for those after this number the next time.
    public var last: Int64
}

extension FleetStore {
    /// Texts of commands that are remembered for each subject.
    static let rememberedTypings = 50
    private static let byCommand = "typed by a command"

    /// Writes down what a command is about to type without the hands: its echo is nobody's report.
    ///
    /// An order that is in the outbox already stays as it is. Of a subject's texts the newest 50 stay.
    public func recordTyping(
        _ text: String, id: OutboxID, to subject: Subject, at now: Timestamp
    ) async throws(StoreError) {
        let action = Action.sendKeys(text: text, enter: false)
        try await write { [fleet] db in
            try db.execute(
                sql: """
                    INSERT INTO outbox (id, fleetID, subject, attempt, action, lane, state, createdAt, dueAt,
                        startedAt, endedAt, detail)
                    VALUES (?1, ?2, ?3, 1, ?4, ?5, 'done', ?6, ?6, ?6, ?6, ?7) ON CONFLICT (id) DO NOTHING
                    """,
                arguments: [
                    id.rawValue, fleet.rawValue, subject.key, try jsonText(action),
                    OutboxLane(action).rawValue, now.milliseconds, Self.byCommand,
                ])
            try db.execute(
                sql: """
                    DELETE FROM outbox WHERE number IN (
                        SELECT number FROM outbox WHERE fleetID = ? AND subject = ? AND detail = ?
                        ORDER BY number DESC LIMIT -1 OFFSET ?)
                    """,
                arguments: [fleet.rawValue, subject.key, Self.byCommand, Self.rememberedTypings])
        }
    }

    /// What was typed or begun to be typed into a subject's pane: the newest `limit` texts after the number `after`.
    ///
    /// An order of the hands is among them only if it had begun when its number was passed.
    public func typedTexts(to subject: Subject, after: Int64 = 0, limit: Int) async throws(StoreError)
        -> TypedTexts
    {
        try await read { [fleet] db in
            let records = try OutboxRecord.fetchAll(
                try db.cachedStatement(
                    sql: """
                        SELECT * FROM outbox WHERE number > ? AND fleetID = ? AND subject = ?
                            AND startedAt IS NOT NULL AND json_extract(action, '$.sendKeys') IS NOT NULL
                        ORDER BY number DESC LIMIT ?
                        """), arguments: [after, fleet.rawValue, subject.key, limit])
            let last = try Int64.fetchOne(
                try db.cachedStatement(sql: "SELECT max(number) FROM outbox"))
            let texts = records.reversed().compactMap { record in
                if case .sendKeys(let text, _) = record.item.action { text } else { nil }
            }
            return TypedTexts(texts: texts, last: max(after, last ?? 0))
        }
    }
}
