public import Core
internal import GRDB

extension FleetStore {
    /// Runs of a subject that are queued or running, the oldest first.
    public func openRuns(of subject: Subject) async throws(StoreError) -> [PipelineRun] {
        try await runs("run.fleetID = ? AND run.subject = ? AND run.endedAt IS NULL", [subject.key])
    }

    /// All queued and running runs of the fleet, the oldest first.
    public func openRuns() async throws(StoreError) -> [PipelineRun] {
        try await runs("run.fleetID = ? AND run.endedAt IS NULL", [])
    }

    /// Every run of a subject, ended ones too, the oldest first.
    public func runs(of subject: Subject) async throws(StoreError) -> [PipelineRun] {
        try await runs("run.fleetID = ? AND run.subject = ?", [subject.key])
    }

    /// Every run that was about `commit`, a full object id, the oldest first.
    public func runs(at commit: String) async throws(StoreError) -> [PipelineRun] {
        try await runs("run.fleetID = ? AND run.commitID = ?", [commit])
    }

    /// The last run of every subject and pipeline, whether it ended or not: what an overview shows.
    ///
    /// Jumps through the index from one pair to the next, so that years of runs cost nothing.
    public func latestRuns() async throws(StoreError) -> [PipelineRun] {
        try await read { [fleet] db in try Self.latestRuns(fleet, db) }
    }

    static func latestRuns(_ fleet: FleetID, _ db: Database) throws -> [PipelineRun] {
        try RunRecord.fetch(
            db,
            where: """
                run.rowid IN (
                    WITH RECURSIVE latest(number) AS (
                        SELECT (SELECT rowid FROM run WHERE fleetID = ?1 \(Self.lastFirst))
                        UNION ALL
                        SELECT coalesce(
                            (SELECT run.rowid FROM run WHERE fleetID = ?1
                                AND run.subject = former.subject AND run.pipeline < former.pipeline
                                \(Self.lastFirst)),
                            (SELECT run.rowid FROM run WHERE fleetID = ?1 AND run.subject < former.subject
                                \(Self.lastFirst)))
                        FROM latest JOIN run AS former ON former.rowid = latest.number)
                    SELECT number FROM latest WHERE number IS NOT NULL)
                """, [fleet.rawValue])
    }

    private static let lastFirst =
        "ORDER BY run.subject DESC, run.pipeline DESC, run.startedAt DESC, run.rowid DESC LIMIT 1"

    /// The run of this id; throws ``StoreError/runNotFound(id:)``.
    public func run(_ id: RunID) async throws(StoreError) -> PipelineRun {
        guard let run = try await runs("run.fleetID = ? AND run.id = ?", [id.rawValue]).first else {
            throw .runNotFound(id: id.rawValue)
        }
        return run
    }

    private func runs(_ condition: String, _ values: [String]) async throws(StoreError) -> [PipelineRun] {
        try await read { [fleet] db in
            try RunRecord.fetch(db, where: condition, StatementArguments([fleet.rawValue] + values))
        }
    }
}
