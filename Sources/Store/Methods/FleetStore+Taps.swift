public import Core
internal import Foundation
internal import GRDB

extension FleetStore {
    /// How far a subject's tap was read; nil before its first step.
    public func tapPosition(of subject: Subject) async throws(StoreError) -> TapPosition? {
        try await read { [fleet] db in
            try Row.fetchOne(
                db, sql: "SELECT * FROM tapPosition WHERE fleetID = ? AND subject = ?",
                arguments: [fleet.rawValue, subject.key]
            ).map {
                TapPosition(
                    offset: $0["offset"], size: ScreenSize(columns: $0["columns"], rows: $0["rows"]),
                    generation: $0["generation"], at: $0.time("at"), print: TapPrint($0))
            }
        }
    }

    /// The newest screen at or before `offset`; nil means starting from the tap's beginning.
    public func keyframe(of subject: Subject, upTo offset: Int64) async throws(StoreError) -> StoredKeyframe?
    {
        try await read { [fleet] db in
            try Row.fetchOne(
                db,
                sql: """
                    SELECT "offset", state FROM keyframe
                    WHERE fleetID = ? AND subject = ? AND "offset" <= ? ORDER BY "offset" DESC LIMIT 1
                    """, arguments: [fleet.rawValue, subject.key, offset]
            ).map { StoredKeyframe(offset: $0["offset"], state: [UInt8]($0["state"] as Data)) }
        }
    }

    /// Marks from `offset` on, and the last one before it, in the tap's order.
    public func tapMarks(of subject: Subject, from offset: Int64 = 0) async throws(StoreError) -> [TapMark] {
        try await read { [fleet] db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT "offset", at, columns, rows FROM tapMark WHERE fleetID = ?1 AND subject = ?2
                        AND "offset" >= coalesce((
                            SELECT max("offset") FROM tapMark
                            WHERE fleetID = ?1 AND subject = ?2 AND "offset" <= ?3), 0)
                    ORDER BY "offset", id
                    """, arguments: [fleet.rawValue, subject.key, offset]
            ).map {
                TapMark(
                    offset: $0["offset"], at: $0.time("at"),
                    size: ScreenSize(columns: $0["columns"], rows: $0["rows"]))
            }
        }
    }

    /// Every subject of whose tap something is kept.
    public func tapSubjects() async throws(StoreError) -> [Subject] {
        try await read { [fleet] db in
            try String.fetchAll(
                db, sql: "SELECT subject FROM tapPosition WHERE fleetID = ? ORDER BY subject",
                arguments: [fleet.rawValue]
            ).compactMap { Subject(key: $0) }
        }
    }

    /// Takes a subject's progress back to `offset`, because what followed there is gone from its tap, and says so.
    ///
    /// What is known of the bytes before stays.
    public func cutTap(
        of subject: Subject, at offset: Int64, noting draft: JournalDraft, at now: Timestamp
    ) async throws(StoreError) {
        try await write { [fleet] db in
            for table in ["tapMark", "keyframe"] {
                try db.execute(
                    sql: "DELETE FROM \(table) WHERE fleetID = ? AND subject = ? AND \"offset\" > ?",
                    arguments: [fleet.rawValue, subject.key, offset])
            }
            try db.execute(
                sql: """
                    UPDATE tapPosition SET "offset" = ?, tail = NULL, head = substr(head, 1, ?)
                    WHERE fleetID = ? AND subject = ?
                    """, arguments: [offset, offset, fleet.rawValue, subject.key])
            _ = try JournalRecord.append(draft, fleet: fleet, at: now, db)
        }
    }

    /// Forgets a subject's progress, because its tap begins anew.
    public func forgetTap(of subject: Subject) async throws(StoreError) {
        try await write { [fleet] db in
            for table in ["tapPosition", "tapMark", "keyframe"] {
                try db.execute(
                    sql: "DELETE FROM \(table) WHERE fleetID = ? AND subject = ?",
                    arguments: [fleet.rawValue, subject.key])
            }
        }
    }
}

extension TapPrint {
    fileprivate init?(_ row: Row) {
        guard let head = row["head"] as Data? else { return nil }
        self.init(head: [UInt8](head), tail: [UInt8](row["tail"] as Data? ?? Data()))
    }
}

extension [UInt8] {
    /// As SQLite stores it.
    var databaseBlob: Data { Data(self) }
}
