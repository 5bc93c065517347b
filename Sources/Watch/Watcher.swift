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
    let context: FleetContext
    let store: FleetStore
    let events: FileEvents
    let results: ResultBox
    let servers: ServerPool
    /// Rung when there is something to do for the hands.
    let wakeHands: @Sendable () -> Void
    let log: Logger
    /// Told once, when the fleet is watched.
    private let ready: @Sendable () throws -> Void
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
    /// Which agents the tap's file names belong to.
    var tapNames: [String: AgentID] = [:]
    var nextSweep = Timestamp(milliseconds: 0)
    var agentsChanged = true

    /// How often tmux is asked for panes that ended without a sign.
    static let sweepPause = Duration.seconds(10)

    public init(
        context: FleetContext, events: FileEvents, results: ResultBox, servers: ServerPool, log: Logger,
        wakeHands: @escaping @Sendable () -> Void, ready: @escaping @Sendable () throws -> Void = {}
    ) throws {
        self.ready = ready
        self.context = context
        store = context.store
        self.events = events
        self.results = results
        self.servers = servers
        self.log = log
        self.wakeHands = wakeHands
        policy = LivePolicy(path: context.configuration.watch.policy)
        main = PolicyMachine(
            policy: policy.policy, facts: Self.mainFacts(branch: nil, now: context.surroundings.now()))
    }

    var now: Timestamp { context.surroundings.now() }
    var ids: IDMaker { context.surroundings.ids }

    public func run() async throws {
        try await start()
        for await _ in events.wakes.cancelOnGracefulShutdown() {
            await turn()
            setAlarm()
        }
    }

    /// Loads what the database knows; from here on everything is taken up where the last daemon stopped.
    private func start() async throws {
        try Files.makeFolder(context.logs, mode: 0o700)
        try Files.makeFolder(context.hookFile.removingLastComponent(), mode: 0o700)
        try watchFolders()
        reloadPolicy()
        journalCursor = try await store.journalCursor(Self.reader)
        journalRead = journalCursor
        hookOffset = try await store.fileOffset(Self.hookReader)
        main = PolicyMachine(
            policy: policy.policy, facts: await mainFacts(), runs: try await store.runs(of: .mainCheckout))
        await turn()
        setAlarm()
        try ready()
    }

    private func watchFolders() throws {
        for folder in [
            context.logs, context.configuration.stateDatabase.removingLastComponent(),
            context.hookFile.removingLastComponent(),
            context.configuration.watch.policy.removingLastComponent(),
        ] where Files.isFolder(folder) {
            try events.watch(folder)
        }
    }

    /// One pass over everything that may have changed.
    private func turn() async {
        note(events.takeChanges())
        await attempt("journal") { try await takeJournal() }
        if agentsChanged { await attempt("agents") { try await loadAgents() } }
        await attempt("policy") { try await spreadPolicy() }
        await attempt("git hooks") { try await takeHooks() }
        await attempt("results") { try await takeResults() }
        if now >= nextSweep { await attempt("panes") { try await sweepPanes() } }
        await attempt("approvals") { try await expireApprovals() }
        for id in agents.keys.sorted() { await visit(id) }
        await attempt("main checkout") { try await tickMain() }
    }

    /// A failure in one part delays only that part; it is tried again with the next wake.
    private func attempt(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            log.error("\(what): \((error as? any UserFacingError)?.message ?? "\(error)")")
            retryAt = now.advanced(by: .seconds(1))
        }
    }

    private var retryAt: Timestamp?

    private func setAlarm() {
        let now = now
        var times = [nextSweep] + [main.nextDeadline, retryAt, expiry].compactMap(\.self)
        times += agents.values.compactMap(\.nextDeadline)
        retryAt = nil
        let first = times.min() ?? nextSweep
        events.setAlarm(after: first <= now ? .milliseconds(1) : first.distance(from: now))
    }

    var expiry: Timestamp?
    /// What the journal is to say of a policy file that changed.
    var policyNews: JSONObject?

    /// Sorts what inotify said into who must be looked at.
    private func note(_ changes: Set<FileEvents.Change>) {
        for change in changes {
            if change.folder == context.logs {
                noteTap(change)
            } else if change.folder == policy.path.removingLastComponent(),
                change.name == nil || change.name == policy.path.lastComponent?.string
            {
                reloadPolicy()
            }
        }
    }

    private func noteTap(_ change: FileEvents.Change) {
        guard let name = change.name else {
            for watch in agents.values { watch.hasMoreBytes = true }
            return
        }
        guard let id = tapNames[name], let watch = agents[id] else { return }
        watch.hasMoreBytes = true
        // tmux closes the pipe when the program ends.
        if change.isClosed { nextSweep = Timestamp(milliseconds: 0) }
    }

    static let reader = "watch"
    static let hookReader = "git-hooks"
}
