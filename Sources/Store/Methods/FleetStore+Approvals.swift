public import Core
internal import GRDB

extension FleetStore {
    /// Writes the answer down if the approval still waits for one: the first answer wins, for good.
    ///
    /// The outcome of a later one carries the earlier answer. Where expiry decides (`onExpire`), an answer after
    /// `expiresAt` is refused and the expiry takes effect instead. Throws
    /// ``StoreError/channelRefused(id:through:allowed:)`` when the policy wants the answer another way.
    public func answer(_ id: ApprovalID, _ answer: ApprovalAnswer) async throws(StoreError) -> AnswerOutcome {
        try await write { [fleet] db in
            guard let record = try ApprovalRecord.fetch(id, fleet: fleet, db) else {
                throw StoreError.approvalNotFound(
                    id: id.rawValue, similar: nearest(to: id.rawValue, among: try Self.pendingIDs(fleet, db)))
            }
            let outcome = try Self.settle(record, answer, fleet, db)
            try CounterIncrement.answer(through: answer.through, outcome: outcome.word).write(fleet, db)
            return outcome
        }
    }

    private static func settle(
        _ record: ApprovalRecord, _ answer: ApprovalAnswer, _ fleet: FleetID, _ db: Database
    ) throws -> AnswerOutcome {
        let approval = record.approval
        if approval.state == .pending, let expired = try expire(approval, fleet, answer.at, db) {
            return .expired(expired)
        }
        guard approval.state == .pending else {
            return approval.answer?.through == expiry ? .expired(approval) : .late(approval)
        }
        guard record.allows(answer.through) else {
            throw StoreError.channelRefused(
                id: approval.id, through: answer.through, allowed: record.channels)
        }
        let state: Approval.State = answer.decision == .approve ? .approved : .rejected
        return .recorded(try ApprovalRecord.settle(approval, as: state, answer, fleet: fleet, db))
    }

    /// Lets expiry answer every approval whose time has run out, and gives those back.
    public func expireApprovals(now: Timestamp) async throws(StoreError) -> [Approval] {
        try await write { [fleet] db in
            let due = try Self.fetch(
                "state = 'pending' AND onExpire IS NOT NULL AND expiresAt <= ?", [now.milliseconds], fleet, db
            )
            return try due.compactMap { try Self.expire($0, fleet, now, db) }
        }
    }

    /// When the next approval expires by itself; nil when none will.
    public func nextApprovalExpiry() async throws(StoreError) -> Timestamp? {
        try await read { [fleet] db in
            try Int64.fetchOne(
                db,
                sql: """
                    SELECT min(expiresAt) FROM approval
                    WHERE fleetID = ? AND state = 'pending' AND onExpire IS NOT NULL
                    """, arguments: [fleet.rawValue]
            ).map(Timestamp.init(milliseconds:))
        }
    }

    /// Questions without an answer, the oldest first.
    public func pendingApprovals() async throws(StoreError) -> [Approval] {
        try await read { [fleet] db in try Self.pendingApprovals(fleet, db) }
    }

    static func pendingApprovals(_ fleet: FleetID, _ db: Database) throws -> [Approval] {
        try fetch("state = 'pending'", [], fleet, db)
    }

    /// Questions without an answer that may be answered through `channel`, the oldest first.
    public func pendingApprovals(through channel: String) async throws(StoreError) -> [Approval] {
        try await read { [fleet] db in
            try Self.records("state = 'pending'", [], fleet, db).filter { $0.allows(channel) }.map(\.approval)
        }
    }

    /// Through what alone an approval may be answered; empty: through anything.
    public func channels(of id: ApprovalID) async throws(StoreError) -> [String] {
        try await read { [fleet] db in try ApprovalRecord.fetch(id, fleet: fleet, db)?.channels ?? [] }
    }

    /// The newest `limit` approvals in any state, the newest first.
    public func approvals(limit: Int = 200) async throws(StoreError) -> [Approval] {
        try await read { [fleet] db in
            try ApprovalRecord.fetchAll(
                db,
                sql: "SELECT * FROM approval WHERE fleetID = ? ORDER BY createdAt DESC, rowid DESC LIMIT ?",
                arguments: [fleet.rawValue, limit]
            ).map(\.approval)
        }
    }

    /// What was asked in a stage of a run, the oldest first.
    public func approvals(run: RunID, stage: String) async throws(StoreError) -> [Approval] {
        try await read { [fleet] db in
            try Self.fetch("run = ? AND stage = ?", [run.rawValue, stage], fleet, db)
        }
    }

    /// Nil when there is no approval of this id.
    public func approval(_ id: ApprovalID) async throws(StoreError) -> Approval? {
        try await read { [fleet] db in try ApprovalRecord.fetch(id, fleet: fleet, db)?.approval }
    }

    private static let expiry = "expiry"

    private static func fetch(
        _ condition: String, _ arguments: StatementArguments, _ fleet: FleetID, _ db: Database
    ) throws -> [Approval] {
        try records(condition, arguments, fleet, db).map(\.approval)
    }

    private static func records(
        _ condition: String, _ arguments: StatementArguments, _ fleet: FleetID, _ db: Database
    ) throws -> [ApprovalRecord] {
        try ApprovalRecord.fetchAll(
            db, sql: "SELECT * FROM approval WHERE fleetID = ? AND \(condition) ORDER BY createdAt, rowid",
            arguments: [fleet.rawValue] + arguments)
    }

    private static func pendingIDs(_ fleet: FleetID, _ db: Database) throws -> [String] {
        try String.fetchAll(
            db, sql: "SELECT id FROM approval WHERE fleetID = ? AND state = 'pending'",
            arguments: [fleet.rawValue])
    }

    /// Settles a pending approval by its expiry when that is due; nil when it is not.
    private static func expire(
        _ approval: Approval, _ fleet: FleetID, _ now: Timestamp, _ db: Database
    ) throws -> Approval? {
        guard let expiresAt = approval.expiresAt, expiresAt <= now, let state = approval.onExpire else {
            return nil
        }
        let answer = ApprovalAnswer(
            decision: state == .approved ? .approve : .reject, by: expiry, through: expiry, at: now,
            reason: "nobody answered before \(expiresAt.iso8601)")
        let settled = try ApprovalRecord.settle(approval, as: state, answer, fleet: fleet, db)
        if let notice = settled.expiryNotice(at: now) {
            try OutboxRecord.insert(notice, fleet: fleet, db)
        }
        try CounterIncrement.answer(through: expiry, outcome: "expired").write(fleet, db)
        return settled
    }
}

extension CounterIncrement {
    fileprivate static func answer(through: String, outcome: String) -> CounterIncrement {
        CounterIncrement(
            "tmux_agent_approval_answers_total", labels: ["through": through, "outcome": outcome])
    }
}

extension AnswerOutcome {
    fileprivate var word: String {
        switch self {
        case .recorded: "accepted"
        case .expired: "expired"
        case .late: "late"
        }
    }
}
