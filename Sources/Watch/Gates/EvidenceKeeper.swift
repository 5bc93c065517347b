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
/// and writes git notes when a run ends. It reads the journal with a cursor of its own, so that nothing is left out by a
/// restart; all it does may be done twice.
public struct EvidenceKeeper: Service {
    let context: FleetContext
    let log: Logger

    /// A burst of writes is one look.
    static let burst = Duration.milliseconds(30)
    /// Between two looks for pushes: nothing tells of them.
    static let pause = Duration.seconds(10)
    /// A report is witnessed when it is made, or not at all: later the worktree is another one.
    static let freshness = Duration.seconds(60)
    static let journalReader = JournalReader("evidence", of: [.stageChanged, .runChanged])

    public init(context: FleetContext, log: Logger) {
        self.context = context
        self.log = log
    }

    public func run() async throws {
        let folder = context.configuration.stateDatabase.removingLastComponent()
        let events = FileEvents()
        try events.watch(folder)
        events.wake()
        var cursor: Int64?
        var nextAudit = context.surroundings.now()
        var troubles = Troubles()
        for await _ in events.wakes.cancelOnGracefulShutdown() {
            _ = events.takeChanges()
            let worked = await troubles.attempt("gates and notes", log) {
                cursor = try await takeJournal(after: cursor)
                if context.surroundings.now() >= nextAudit {
                    nextAudit = context.surroundings.now().advanced(by: Self.pause)
                    try await audit()
                }
            }
            if !worked { cursor = nil }
            events.setAlarm(after: Self.pause)
        }
    }

    private func takeJournal(after known: Int64?) async throws -> Int64 {
        let reader = Self.journalReader
        var cursor: Int64
        if let known { cursor = known } else { cursor = try await context.store.journalCursor(reader.name) }
        while true {
            let entries = try await context.store.journal(after: cursor, kinds: reader.kinds, limit: 200)
            guard let last = entries.last else { return cursor }
            for entry in entries { try await take(entry) }
            var step = WatchStep()
            step.cursor = PositionAdvance(reader: reader.name, from: cursor, to: last.id)
            try await context.store.commit(step, for: .mainCheckout, at: context.surroundings.now())
            cursor = last.id
        }
    }

    private func take(_ entry: JournalEntry) async throws {
        guard let id = entry.draft.run, let to = entry.payload["to"]?.string,
            let run = try await Self.run(id, in: context.store)
        else { return }
        if entry.kind == .stageChanged {
            guard to == StageState.completed.rawValue, let stage = entry.draft.stage,
                context.surroundings.now().distance(from: entry.at) < Self.freshness
            else { return }
            try await GateWitness(context: context).lookAtReport(of: run, stage: stage)
        } else if context.configuration.git.notes, PipelineRun.State(rawValue: to)?.isEnd == true {
            try await Provenance(context: context).note(run)
        }
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

    private func audit() async throws {
        for bypass in try await GateAudit(context: context).run() {
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
