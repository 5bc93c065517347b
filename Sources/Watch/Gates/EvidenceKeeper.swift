internal import Core
public import Fleet
public import Logging
internal import ProcessKit
public import ServiceLifecycle
internal import Store
internal import SystemPackage

/// Does what follows from stages and runs that ended and that the policies need not wait for.
///
/// It looks at the worktree of a stage that was only reported, for the gates; looks for pushes that went around a gate;
/// and writes git notes when a run ends. None of these waits for another that fails. What it does by the journal has
/// cursors of its own, so that nothing is left out by a restart; all it does may be done twice.
public struct EvidenceKeeper: Service {
    let context: FleetContext
    let log: Logger
    /// Told what does not work at the moment, whenever that changes.
    let report: @Sendable ([String]) -> Void

    /// A burst of writes is one look.
    static let burst = Duration.milliseconds(30)
    /// Between two looks for pushes: nothing tells of them.
    static let pause = Duration.seconds(10)
    /// A report is witnessed when it is made, or not at all: later the worktree is another one.
    static let freshness = Duration.seconds(60)
    static let reportReader = JournalReader("evidence", of: [.stageChanged])
    static let noteReader = JournalReader("notes", of: [.runChanged])

    public init(
        context: FleetContext, log: Logger, report: @escaping @Sendable ([String]) -> Void
    ) {
        self.context = context
        self.log = log
        self.report = report
    }

    public func run() async throws {
        let folder = context.configuration.stateDatabase.removingLastComponent()
        let events = FileEvents()
        try events.watch(folder)
        events.wake()
        var (reports, notes) = (Cursor(Self.reportReader), Cursor(Self.noteReader))
        var nextAudit = context.surroundings.now()
        var sight: GateAudit.Sight?
        var troubles = Troubles()
        for await _ in events.wakes.cancelOnGracefulShutdown() {
            _ = events.takeChanges()
            let before = troubles.list
            await troubles.attempt("gates", log) { try await takeJournal(&reports, lookAtReport) }
            await troubles.attempt("git notes", log) { try await takeJournal(&notes, note) }
            if context.surroundings.now() >= nextAudit {
                nextAudit = context.surroundings.now().advanced(by: Self.pause)
                await troubles.attempt("pushes", log) { try await audit(&sight) }
            }
            if troubles.list != before { report(troubles.list) }
            events.setAlarm(after: Self.pause)
        }
    }

    /// How far the journal was read for one purpose.
    private struct Cursor {
        let reader: JournalReader
        /// Nil until it was read from the database, and after a failure.
        var position: Int64?

        init(_ reader: JournalReader) { self.reader = reader }
    }

    private func takeJournal(
        _ cursor: inout Cursor, _ take: (JournalEntry, PipelineRun) async throws -> Void
    ) async throws {
        let reader = cursor.reader
        var known = cursor.position
        if known == nil { known = try await context.store.journalCursor(reader.name) }
        cursor.position = nil
        while let position = known {
            let entries = try await context.store.journal(after: position, kinds: reader.kinds, limit: 200)
            guard let last = entries.last else { break }
            for entry in entries {
                guard let id = entry.draft.run, let run = try await Self.run(id, in: context.store) else {
                    continue
                }
                try await take(entry, run)
            }
            var step = WatchStep()
            step.cursor = PositionAdvance(reader: reader.name, from: position, to: last.id)
            try await context.store.commit(step, for: .mainCheckout, at: context.surroundings.now())
            known = last.id
        }
        cursor.position = known
    }

    private func lookAtReport(_ entry: JournalEntry, of run: PipelineRun) async throws {
        guard entry.payload["to"]?.string == StageState.completed.rawValue, let stage = entry.draft.stage,
            context.surroundings.now().distance(from: entry.at) < Self.freshness
        else { return }
        try await GateWitness(context: context).lookAtReport(of: run, stage: stage)
    }

    private func note(_ entry: JournalEntry, of run: PipelineRun) async throws {
        guard context.configuration.git.notes,
            entry.payload["to"]?.string.flatMap(PipelineRun.State.init(rawValue:))?.isEnd == true
        else { return }
        try await Provenance(context: context).note(run)
    }

    /// Nil for a run that was forgotten since.
    private static func run(_ id: RunID, in store: FleetStore) async throws -> PipelineRun? {
        let found: PipelineRun
        do {
            found = try await store.run(id)
        } catch {
            guard case .runNotFound = error else { throw error }
            return nil
        }
        return found
    }

    private func audit(_ sight: inout GateAudit.Sight?) async throws {
        for bypass in try await GateAudit(context: context).run(after: &sight) {
            log.warning(
                "gates: \(bypass.commit.prefix(10)) was pushed to \(bypass.remote.visible)/\(bypass.branch.visible) around its gate"
            )
        }
    }
}

extension PipelineRun.State {
    fileprivate var isEnd: Bool {
        switch self {
        case .queued, .running: false
        case .completed, .failed, .cancelled: true
        }
    }
}
