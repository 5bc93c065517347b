internal import Core
internal import Fleet
public import Logging
public import ProcessKit
public import ServiceLifecycle
public import Store
public import SystemPackage

/// Watches panes that were not spawned here, as ``Watcher`` does a fleet's agents.
///
/// One loop changes the machines. It sleeps until a file changes, a host was looked at, a result comes back or a
/// deadline falls due.
public actor PaneWatcher: Service {
    public enum Mode: Sendable, Equatable {
        case continuous
        /// What the panes show now is taken up, what follows from it is done, and then it ends.
        case once
    }

    /// What the watcher works with.
    public struct Parts: Sendable {
        public var events: FileEvents
        public var results: ResultBox
        public var echoes: EchoBox
        public var observer: HostObserver
        public var log: Logger
        public var wakeHands: @Sendable () -> Void
        /// Told once, when every host was looked at or did not answer.
        public var ready: @Sendable () throws -> Void
        /// Told what does not work, once it is ready and whenever that changes.
        public var report: @Sendable (_ troubles: [String]) -> Void
        public var tell: @Sendable (PaneDecision) -> Void
        public var databasePatience = Duration.seconds(60)

        public init(
            events: FileEvents, results: ResultBox, echoes: EchoBox, observer: HostObserver, log: Logger,
            wakeHands: @escaping @Sendable () -> Void, ready: @escaping @Sendable () throws -> Void,
            report: @escaping @Sendable (_ troubles: [String]) -> Void,
            tell: @escaping @Sendable (PaneDecision) -> Void
        ) {
            (self.events, self.results, self.echoes, self.observer) = (events, results, echoes, observer)
            (self.log, self.wakeHands, self.ready, self.tell) = (log, wakeHands, ready, tell)
            self.report = report
        }
    }

    let hosts: PaneHosts
    let store: FleetStore
    let parts: Parts
    let mode: Mode
    /// Nothing is written and no pane is touched: `store` lives in memory, and bytes are only thought of.
    let isDryRun: Bool
    private let executor = BlockingExecutor(label: "watch-panes")
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    var policy: LivePolicy
    var panes: [HostPane: PaneWatch] = [:]
    var tapNames: [String: HostPane] = [:]
    /// Whose hosts answered at least once, and which did not at the last look.
    var lookedAt: Set<String> = []
    public internal(set) var unreachable: [String: String] = [:]
    /// Looks in a row that a host did not answer.
    var lookFailures: [String: Int] = [:]
    static let lookAttempts = 3
    var isReady = false
    var journalCursor: Int64 = 0
    var journalRead: Int64 = 0
    var databaseChanged = true
    var isStale = false
    var expiry: Timestamp?
    var policyNews = false
    var troubles = Troubles()
    var databaseTrouble: (since: Timestamp, error: StoreError)?
    var retryAt: Timestamp?
    var databaseFile: Files.Identity?
    /// As `panes.json` has it.
    var toldPanes: [WatchedPane]?

    static let journalReader = JournalReader(
        "watch", of: [.emit, .approvalAnswered, .policyRequested, .agentOrdered])
    /// Bytes of a tap that stay on the disk.
    static let tapLimit: Int64 = 64 << 20

    public init(
        hosts: PaneHosts, store: FleetStore, policy: FilePath, mode: Mode, isDryRun: Bool, parts: Parts
    ) {
        self.hosts = hosts
        self.store = store
        self.parts = parts
        self.mode = mode
        self.isDryRun = isDryRun
        self.policy = LivePolicy(
            path: policy, copy: isDryRun ? nil : hosts.run.appending("policy.yaml"), isClassic: true)
    }

    var now: Timestamp { hosts.surroundings.now() }
    var ids: IDMaker { hosts.surroundings.ids }
    var log: Logger { parts.log }

    public func run() async throws {
        try await start()
        for await _ in parts.events.wakes.cancelOnGracefulShutdown() {
            try await turn()
            if try await isDone() { break }
            setAlarm()
        }
        await finish()
    }

    private func start() async throws {
        if !isDryRun { databaseFile = Files.identity(store.store.path) }
        try watchFolders()
        checkDetection()
        reloadPolicy()
        policyNews = false
        try await loadPositions()
        parts.events.wake()
    }

    func loadPositions() async throws {
        journalCursor = try await store.journalCursor(Self.journalReader.name)
        journalRead = journalCursor
        isStale = false
    }

    func watchFolders() throws {
        var folders = [policy.path.removingLastComponent(), hosts.detection.folder]
        if !isDryRun {
            try Files.makeFolder(hosts.taps, mode: 0o700)
            folders += [hosts.taps, stateFolder]
        }
        for folder in folders where Files.isFolder(folder) { try parts.events.watch(folder) }
    }

    var stateFolder: FilePath { store.store.path.removingLastComponent() }

    private func turn() async throws {
        try note(parts.events.takeChanges())
        guard try await isDatabaseUsable() else { return }
        if isStale { await attempt("database") { try await loadPositions() } }
        for (id, watch) in panes where watch.hasMoreBytes { await visit(id) }
        if databaseChanged {
            await attempt("journal") { try await takeJournal() }
            await attempt("approvals") { expiry = try await store.nextApprovalExpiry() }
            databaseChanged = retryAt != nil
        }
        await attempt("policy") { try await spreadPolicy() }
        await attempt("results") { try await takeResults() }
        for observation in parts.observer.take() {
            await attempt("hosts", isWhole: false) { try await take(observation) }
        }
        await attempt("approvals") { try await expireApprovals(at: now) }
        for id in panes.keys.sorted(by: { $0.description < $1.description }) { await visit(id) }
        tellPanes()
        try sayReady()
    }

    private func sayReady() throws {
        guard !isReady, lookedAt.union(unreachable.keys).count >= hosts.hosts.count else { return }
        isReady = true
        try parts.ready()
        if !troubles.list.isEmpty { parts.report(troubles.list) }
    }

    private func setAlarm() {
        let now = now
        var times = [retryAt, expiry].compactMap(\.self) + panes.values.compactMap(\.nextDeadline)
        if databaseTrouble != nil { times = [retryAt ?? now.advanced(by: .seconds(1))] }
        // One pass ends when nothing is left to do, and only the clock shows that.
        if mode == .once { times.append(now.advanced(by: .milliseconds(100))) }
        retryAt = nil
        guard let first = times.min() else { return parts.events.setAlarm(after: nil) }
        parts.events.setAlarm(after: first <= now ? .milliseconds(1) : first.distance(from: now))
    }

    private func note(_ changes: Set<FileEvents.Change>) throws {
        for change in changes {
            if change.folder == hosts.taps { noteTap(change) }
            if change.folder == hosts.detection.folder { reloadDetection() }
            if change.folder == stateFolder, !isDryRun { try noteDatabase(change) }
            if change.folder == policy.path.removingLastComponent(),
                change.name == nil || change.name == policy.path.lastComponent?.string
            {
                reloadPolicy()
            }
        }
    }

    private func noteTap(_ change: FileEvents.Change) {
        guard let name = change.name else {
            for watch in panes.values { watch.hasMoreBytes = true }
            return
        }
        guard let id = tapNames[name], let watch = panes[id] else { return }
        watch.hasMoreBytes = true
        // tmux closes the pipe when the program ends.
        if change.isClosed { parts.observer.request(.look) }
    }

    private func noteDatabase(_ change: FileEvents.Change) throws {
        let path = store.store.path
        let name = path.lastComponent?.string ?? ""
        if change.name == nil || change.name == "\(name)-wal" { databaseChanged = true }
        guard change.name == nil || change.name == name else { return }
        guard Files.identity(path) == databaseFile else { throw WatchError.databaseGone(path: path) }
    }

    /// Takes up an edited policy; a broken one leaves the last good one in force and is said.
    private func reloadPolicy() {
        switch policy.reload(mainBranch: nil, dialogs: dialogIDs) {
        case .none: return
        case .missing(let reason):
            log.warning("policy: \(reason)")
            policyNews = true
        case .refused(let reason): log.error("policy: the last good one stays in force: \(reason)")
        case .replaced(let warnings):
            for warning in warnings { log.warning("policy: \(warning)") }
            policyNews = true
        }
    }

    private func spreadPolicy() async throws {
        guard policyNews else { return }
        policyNews = false
        for watch in panes.values.sorted(by: { $0.id.description < $1.id.description }) {
            watch.dialogs.reconsider()
            watch.isUnjudged = true
            try await decide(.policyReplaced(policy.policy), for: watch)
        }
    }
}
