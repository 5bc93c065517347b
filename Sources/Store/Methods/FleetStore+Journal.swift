public import Core
internal import GRDB

extension FleetStore {
    /// Appends one row for others to read; with a `key` that is taken it writes nothing and names the earlier row.
    public func emit(_ draft: JournalDraft, at now: Timestamp) async throws(StoreError) -> Emission {
        try await write { [fleet] db in
            if let id = try JournalRecord.append(draft, fleet: fleet, at: now, db) {
                return Emission(id: id, isNew: true)
            }
            let id = try Int64.fetchOne(
                db, sql: "SELECT id FROM journal WHERE fleetID = ? AND key = ?",
                arguments: [fleet.rawValue, draft.key])
            return Emission(id: id ?? 0, isNew: false)
        }
    }

    /// Whether a marker with this id counted already, from whatever source, since the agent was started the last time.
    public func isMarkerSeen(
        _ id: String, of subject: Subject, generation: Int
    ) async throws(StoreError) -> Bool {
        try await read { [fleet] db in
            try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM seenMarker
                        WHERE fleetID = ? AND subject = ? AND generation = ? AND markerID = ?)
                    """, arguments: [fleet.rawValue, subject.key, generation, id]) ?? false
        }
    }

    /// The row that was written under a key; nil when there is none.
    public func journalEntry(key: String) async throws(StoreError) -> JournalEntry? {
        try await read { [fleet] db in
            try JournalRecord.fetchOne(
                db, sql: "SELECT * FROM journal WHERE fleetID = ? AND key = ?",
                arguments: [fleet.rawValue, key]
            )?.entry
        }
    }

    /// Rows after `id` in the order they were committed.
    public func journal(
        after id: Int64, kinds: [JournalKind]? = nil, limit: Int
    ) async throws(StoreError) -> [JournalEntry] {
        try await read { [fleet] db in
            // The plus keeps SQLite on the order of ids: readers want the few rows at the end.
            var sql = "SELECT * FROM journal WHERE +fleetID = ? AND id > ?"
            var arguments: StatementArguments = [fleet.rawValue, id]
            if let kinds {
                sql += " AND kind IN (\(kinds.map { _ in "?" }.joined(separator: ", ")))"
                arguments += StatementArguments(kinds.map(\.rawValue))
            }
            arguments += [limit]
            return try JournalRecord.fetchAll(db, sql: sql + " ORDER BY id LIMIT ?", arguments: arguments)
                .map(\.entry)
        }
    }

    /// The newest `limit` rows about a subject, the oldest of them first.
    public func journal(of subject: Subject, limit: Int) async throws(StoreError) -> [JournalEntry] {
        try await read { [fleet] db in
            try JournalRecord.fetchAll(
                db, sql: "SELECT * FROM journal WHERE fleetID = ? AND subject = ? ORDER BY id DESC LIMIT ?",
                arguments: [fleet.rawValue, subject.key, limit]
            ).reversed().map(\.entry)
        }
    }

    /// Rows that fit, before `id`, the newest first.
    public func journal(
        _ filter: JournalFilter, before id: Int64, limit: Int
    ) async throws(StoreError) -> [JournalEntry] {
        try await read { [fleet] db in
            // The plus keeps SQLite on the order of ids, but for rows about few subjects.
            var sql = "SELECT * FROM journal WHERE \(filter.subjects == nil ? "+" : "")fleetID = ? AND id < ?"
            var arguments: StatementArguments = [fleet.rawValue, id]
            if let subjects = filter.subjects {
                sql += " AND subject IN (\(subjects.map { _ in "?" }.joined(separator: ", ")))"
                arguments += StatementArguments(subjects.map(\.key))
            }
            func add(_ patterns: [String], _ prefix: String) {
                let tests = patterns.map { _ in "kind GLOB ?" }.joined(separator: " OR ")
                sql += " AND \(prefix)(\(tests))"
                arguments += StatementArguments(patterns)
            }
            switch filter.kinds {
            case .only(let patterns): add(patterns, "")
            case .allBut(let patterns): add(patterns, "NOT ")
            case nil: break
            }
            arguments += [limit]
            return try JournalRecord.fetchAll(
                db, sql: sql + " ORDER BY id DESC LIMIT ?", arguments: arguments
            )
            .map(\.entry)
        }
    }

    /// Rows whose keys begin with `prefix`, in the order they were committed.
    public func journal(keyedWith prefix: String) async throws(StoreError) -> [JournalEntry] {
        try await read { [fleet] db in
            // U+10FFFF follows every character that a key can go on with.
            try JournalRecord.fetchAll(
                db, sql: "SELECT * FROM journal WHERE fleetID = ? AND key >= ? AND key < ? ORDER BY id",
                arguments: [fleet.rawValue, prefix, prefix + "\u{10FFFF}"]
            ).map(\.entry)
        }
    }

    /// The id before the first row that was written at `time` or later: where a reader of that while begins.
    public func journalPlace(at time: Timestamp) async throws(StoreError) -> Int64 {
        try await read { [fleet] db in
            let first = try Int64.fetchOne(
                db, sql: "SELECT min(id) FROM journal WHERE fleetID = ? AND at >= ?",
                arguments: [fleet.rawValue, time.milliseconds])
            if let first { return first - 1 }
            return try Int64.fetchOne(db, sql: "SELECT coalesce(max(id), 0) FROM journal") ?? 0
        }
    }

    /// The newest row of one kind about a subject, as far as the row `last`; nil when there is none.
    public func newestEntry(
        _ kind: JournalKind, of subject: Subject, upTo last: Int64 = .max
    ) async throws(StoreError) -> JournalEntry? {
        try await read { [fleet] db in
            try JournalRecord.fetchOne(
                db,
                sql: """
                    SELECT * FROM journal WHERE fleetID = ? AND subject = ? AND kind = ? AND id <= ?
                    ORDER BY id DESC LIMIT 1
                    """, arguments: [fleet.rawValue, subject.key, kind.rawValue, last]
            )?.entry
        }
    }

    /// The id of the fleet's newest row; 0 when there is none.
    public func newestJournalID() async throws(StoreError) -> Int64 {
        try await read { [fleet] db in
            try Int64.fetchOne(
                db, sql: "SELECT id FROM journal WHERE +fleetID = ? ORDER BY id DESC LIMIT 1",
                arguments: [fleet.rawValue]) ?? 0
        }
    }

    /// The newest row that `reader` is done with; 0 for a reader that never read.
    ///
    /// It moves inside a ``WatchStep`` (`cursor`), so that what a row caused is written with it.
    public func journalCursor(_ reader: String) async throws(StoreError) -> Int64 {
        try await position(reader, in: "journalCursor")
    }

    /// How far `reader` is through its file; 0 at first.
    ///
    /// It moves inside a ``WatchStep`` (`file`).
    public func fileOffset(_ reader: String) async throws(StoreError) -> Int64 {
        try await position(reader, in: "busOffset")
    }

    private func position(_ reader: String, in table: String) async throws(StoreError) -> Int64 {
        try await read { [fleet] db in
            try Int64.fetchOne(
                db, sql: "SELECT position FROM \(table) WHERE fleetID = ? AND reader = ?",
                arguments: [fleet.rawValue, reader]) ?? 0
        }
    }
}
