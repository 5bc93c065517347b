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

    /// The last run of every subject and pipeline, whether it ended or not: what an overview shows.
    public func latestRuns() async throws(StoreError) -> [PipelineRun] {
        try await runs(
            """
            run.fleetID = ? AND NOT EXISTS (
                SELECT 1 FROM run AS later WHERE later.fleetID = run.fleetID AND later.subject = run.subject
                    AND later.pipeline = run.pipeline
                    AND (later.startedAt, later.rowid) > (run.startedAt, run.rowid))
            """, [])
    }

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
