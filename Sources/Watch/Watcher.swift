internal import Core
public import Fleet
public import Logging
public import ProcessKit
public import ServiceLifecycle
internal import Store
internal import SystemPackage

/// Watches a fleet: reads taps, journal and hook lines, lets the policies decide, and writes each step down whole.
///
/// One loop changes the machines, so no decision is ever made on stale state. It sleeps until a file changes, a result
/// comes back from the hands or a deadline falls due.
public actor Watcher: Service {
    /// What the watcher works with beside the fleet itself.
    public struct Parts: Sendable {
        public var events: FileEvents
        public var results: ResultBox
        public var echoes: EchoBox
        public var panes: PaneObserver
        public var log: Logger
        /// Rung when there is something to do for the hands.
        public var wakeHands: @Sendable () -> Void
        /// Told once, when the fleet is watched.
        public var ready: @Sendable () throws -> Void
        /// Told what does not work at the moment, whenever that changes.
        public var report: @Sendable ([String]) -> Void
        /// For so long the database may be unusable.
        public var databasePatience = Duration.seconds(60)

        public init(
            events: FileEvents, results: ResultBox, echoes: EchoBox, panes: PaneObserver, log: Logger,
            wakeHands: @escaping @Sendable () -> Void, ready: @escaping @Sendable () throws -> Void = {},
            report: @escaping @Sendable ([String]) -> Void = { _ in }
        ) {
            (self.events, self.results, self.echoes, self.panes) = (events, results, echoes, panes)
            (self.log, self.wakeHands, self.ready, self.report) = (log, wakeHands, ready, report)
        }
    }

    let context: FleetContext
    let store: FleetStore
    let parts: Parts
    private let executor = BlockingExecutor(label: "watch")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    var policy: LivePolicy
    var agents: [AgentID: AgentWatch] = [:]
    var main: PolicyMachine
    /// The stored position in the journal, and how far this process has read.
    var journalCursor: Int64 = 0
    var journalRead: Int64 = 0
    var hookOffset: Int64 = 0
    var agentHookOffset: Int64 = 0
    var freedHooks: Int64 = 0
    /// Which agents the tap's file names belong to.
    var tapNames: [String: AgentID] = [:]
    var nextSweep = Timestamp.longAgo
    private var lastTurn = Timestamp.longAgo
    private(set) var isReady = false
    var agentsChanged = true
    /// Somebody wrote to the database since it was looked at.
    var databaseChanged = true
    /// What is held here may not be what is stored.
    var isStale = false
    var expiry: Timestamp?
    /// What the journal is to say of a policy file that changed.
    var policyNews: JSONObject?
    var troubles = Troubles()
    /// Since when nothing can be written, and what the database says.
    var databaseTrouble: (since: Timestamp, error: StoreError)?
    var retryAt: Timestamp?
    var databaseFile: Files.Identity?

    /// How often tmux is asked for panes that ended without a sign.
    static let sweepPause = Duration.seconds(10)
    static let journalReader = JournalReader(
        "watch", of: [.emit, .approvalAnswered, .policyRequested, .agentAdded, .agentStarted, .agentRemoved])
    static let hookReader = "git-hooks"
    static let agentHookReader = "agent-hooks"

    public init(context: FleetContext, parts: Parts) throws {
        self.context = context
        self.parts = parts
        store = context.store
        policy = LivePolicy(path: context.configuration.watch.policy, copy: context.policyInForce)
        main = PolicyMachine(
            policy: policy.policy, facts: Self.mainFacts(branch: nil, since: context.surroundings.now()))
    }

    var now: Timestamp { context.surroundings.now() }
    var ids: IDMaker { context.surroundings.ids }
    var log: Logger { parts.log }

    public func run() async throws {
        try await start()
        for await _ in parts.events.wakes.cancelOnGracefulShutdown() {
            try await turn()
            setAlarm()
        }
    }

    /// Loads what the database knows; from here on everything is taken up where the last daemon stopped.
    private func start() async throws {
        databaseFile = Files.identity(context.configuration.stateDatabase)
        try keepFolders()
        reloadPolicy()
        try await loadPositions()
        try await turn()
        await attempt("approvals") { try await takeMissedAnswers() }
        setAlarm()
        try parts.ready()
        isReady = true
        if !troubles.list.isEmpty { parts.report(troubles.list) }
    }

    /// Where the database stands, at the start and after a step that may or may not have been written.
    private func loadPositions() async throws {
        journalCursor = try await store.journalCursor(Self.journalReader.name)
        journalRead = journalCursor
        hookOffset = try await store.fileOffset(Self.hookReader)
        agentHookOffset = try await store.fileOffset(Self.agentHookReader)
        main = PolicyMachine(
            policy: policy.policy, facts: try await mainFacts(), runs: try await store.runs(of: .mainCheckout)
        )
        isStale = false
    }

    /// Watches what must be watched; folders that somebody removed come back.
    func keepFolders() throws {
        try Files.makeFolder(context.logs, mode: 0o700)
        try Files.makeFolder(context.hookFile.removingLastComponent(), mode: 0o700)
        for folder in [
            context.logs, stateFolder, context.hookFile.removingLastComponent(),
            context.configuration.watch.policy.removingLastComponent(), context.detection.folder,
        ] where Files.isFolder(folder) {
            try parts.events.watch(folder)
        }
    }

    /// One pass over everything that may have changed; what agents printed comes first.
    private func turn() async throws {
        noteClock()
        try note(parts.events.takeChanges())
        guard try await isDatabaseUsable() else { return }
        if isStale { await attempt("database") { try await loadPositions() } }
        for (id, watch) in agents where watch.hasMoreBytes { await visit(id) }
        await loadChangedAgents()
        // Its rows are about agents: none is taken before its agent is known.
        if databaseChanged, !agentsChanged {
            await attempt("journal") { try await takeJournal() }
            await attempt("approvals") { expiry = try await store.nextApprovalExpiry() }
            databaseChanged = retryAt != nil
        }
        await loadChangedAgents()
        await attempt("policy") { try await spreadPolicy() }
        await attempt("git hooks") { try await takeHooks() }
        await attempt("agents' hooks") { try await takeAgentHooks() }
        await attempt("results") { try await takeResults() }
        await attempt("panes") { try await takeObservations() }
        if now >= nextSweep { await attempt("panes") { try sweepPanes() } }
        await attempt("approvals") { try await expireApprovals(at: now) }
        for id in agents.keys.sorted() { await visit(id) }
        await attempt("main checkout") { try await tickMain() }
    }

    private func loadChangedAgents() async {
        guard agentsChanged else { return }
        await attempt("agents") { try await loadAgents() }
    }

    /// The wall clock may be set back: what only this process waits for must not come as much later.
    private func noteClock() {
        let now = now
        defer { lastTurn = now }
        guard now < lastTurn else { return }
        log.warning("the clock was set back by \(lastTurn.distance(from: now).components.seconds) s")
        nextSweep = .longAgo
        databaseTrouble?.since = now
        for watch in agents.values { watch.clockWasSetBack(to: now) }
    }

    private func setAlarm() {
        let now = now
        if databaseTrouble == nil, agents.values.contains(where: { $0.hasMoreBytes && $0.pausedUntil == nil })
        {
            return parts.events.wake()
        }
        var times = [nextSweep] + [main.nextDeadline, retryAt, expiry].compactMap(\.self)
        times += agents.values.compactMap(\.nextDeadline)
        if databaseTrouble != nil { times = [retryAt ?? now.advanced(by: .seconds(1))] }
        retryAt = nil
        let first = times.min() ?? nextSweep
        parts.events.setAlarm(after: first <= now ? .milliseconds(1) : first.distance(from: now))
    }

    var stateFolder: FilePath { context.configuration.stateDatabase.removingLastComponent() }

    /// Sorts what inotify said into who must be looked at.
    private func note(_ changes: Set<FileEvents.Change>) throws {
        for change in changes {
            if change.folder == context.logs { noteTap(change) }
            if change.folder == stateFolder { try noteDatabase(change) }
            if change.folder == context.detection.folder { reloadDetection() }
            if change.folder == policy.path.removingLastComponent(),
                change.name == nil || change.name == policy.path.lastComponent?.string
            {
                reloadPolicy()
            }
        }
    }

    private func noteTap(_ change: FileEvents.Change) {
        guard let name = change.name else {
            // The folder itself changed, or more happened than inotify could hold.
            nextSweep = .longAgo
            for watch in agents.values { watch.hasMoreBytes = true }
            return
        }
        guard let id = tapNames[name], let watch = agents[id] else { return }
        watch.hasMoreBytes = true
        // tmux closes the pipe when the program ends; a tap that was removed needs a new one.
        if change.isClosed || !Files.exists(change.folder.appending(name)) { nextSweep = .longAgo }
    }

    private func noteDatabase(_ change: FileEvents.Change) throws {
        let path = context.configuration.stateDatabase
        let name = path.lastComponent?.string ?? ""
        if change.name == nil || change.name == "\(name)-wal" { databaseChanged = true }
        guard change.name == nil || change.name == name else { return }
        guard Files.identity(path) == databaseFile else { throw WatchError.databaseGone(path: path) }
    }
}
