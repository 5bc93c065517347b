public import Core
public import Fleet
public import Logging
internal import ProcessKit
public import ServiceLifecycle
public import Store
public import SystemPackage

/// Deletes, once a day, what ended long ago: rows of the database, files of shell actions, logs of removed agents.
///
/// It works beside the watcher, so that nobody waits for it. When it worked last stands in a file: neither a daemon that
/// is started often nor one that runs for a year forgets it.
public struct RetentionKeeper: Service {
    let store: FleetStore
    /// The own folder of the fleet, or of a `run`.
    let run: FilePath
    /// How long what ended is remembered; nil means for ever.
    let keep: Duration?
    let tapLimit: Int64
    let readers: [JournalReader]
    /// The logs of agents; nil where panes were not spawned here.
    let logs: AgentLogs?
    let now: @Sendable () -> Timestamp
    let log: Logger

    static let pause = Duration.seconds(86_400)
    /// Between two looks at the clock, which may be set.
    private static let lookPause = Duration.seconds(3600)

    public init(context: FleetContext, log: Logger) {
        store = context.store
        run = context.run
        keep = context.configuration.retention
        tapLimit = Int64(context.configuration.watch.tapLimit)
        readers = [Watcher.journalReader, EvidenceKeeper.reportReader, EvidenceKeeper.noteReader]
        logs = AgentLogs(context: context)
        now = context.surroundings.now
        self.log = log
    }

    /// For panes that were not spawned here; `run` is the folder of that `run`.
    public init(panes store: FleetStore, run: FilePath, now: @escaping @Sendable () -> Timestamp, log: Logger)
    {
        self.store = store
        self.run = run
        keep = FleetConfiguration.standardRetention
        tapLimit = PaneWatcher.tapLimit
        readers = [PaneWatcher.journalReader]
        logs = nil
        self.now = now
        self.log = log
    }

    public func run() async throws {
        let bell = FileEvents()
        var troubles = Troubles()
        bell.wake()
        for await _ in bell.wakes.cancelOnGracefulShutdown() {
            await troubles.attempt("retention", log) { try await sweepWhenDue() }
            bell.setAlarm(after: Self.lookPause)
        }
    }

    /// Does the work unless it was done in the last day; what fails is logged.
    public func runOnce() async {
        var troubles = Troubles()
        await troubles.attempt("retention", log) { try await sweepWhenDue() }
    }

    private func sweepWhenDue() async throws {
        let now = now()
        let stamp = run.appending("swept")
        let text = try Files.readText(stamp)?.split(separator: "\n").first.map(String.init)
        let last = text.flatMap { Timestamp(iso8601: $0) }
        // One of the future was written before the clock was set back.
        if let last, last <= now, now.distance(from: last) < Self.pause { return }
        try await sweep(at: now)
        try Files.write(now.iso8601 + "\n", to: stamp, mode: .ownerReadWrite)
    }

    private func sweep(at now: Timestamp) async throws {
        let oldLogs = try await logs?.sweep() ?? 0
        guard let keep else { return said(Pruned(), folders: 0, logs: oldLogs) }
        let before = Timestamp(milliseconds: now.milliseconds - keep.inMilliseconds)
        let pruned = try await store.prune(
            Retention(before: before, tapLimit: tapLimit, readers: readers), at: now)
        let open = try await store.openOutbox()
        let folders = try ActionFolders(root: run.appending("actions")).sweep(before: before, except: open)
        said(pruned, folders: folders, logs: oldLogs)
    }

    private func said(_ pruned: Pruned, folders: Int, logs: Int) {
        guard pruned != Pruned() || folders + logs > 0 else { return }
        log.info(
            "retention: deleted \(pruned.journal) journal rows, \(pruned.runs) runs, \(pruned.deliveries) messages, \(pruned.agents) removed agents, \(pruned.marks) marks of taps, files of \(folders) shell actions, \(logs) logs"
        )
    }
}

extension RetentionKeeper: CustomStringConvertible {
    /// Logs name services by it.
    public var description: String { "RetentionKeeper" }
}
