internal import Approvals
internal import Config
public import Core
internal import Fleet
internal import Glibc
public import Logging
internal import Notify
internal import ProcessKit
internal import ServiceLifecycle
internal import Store
public import SystemPackage
internal import TmuxKit
internal import UnixSignals
public import Watch

/// The composition root of `run`: watches panes that were not spawned here, by a classic `hosts.yaml`.
public struct PaneRun: Sendable {
    /// What `run` is asked for; paths as they were written on the command line.
    public struct Options: Sendable {
        public var configuration: FilePath
        public var policy: FilePath
        public var mode: PaneWatcher.Mode
        public var isDryRun: Bool

        public init(
            configuration: FilePath, policy: FilePath, mode: PaneWatcher.Mode = .continuous,
            isDryRun: Bool = false
        ) {
            self.configuration = configuration
            self.policy = policy
            self.mode = mode
            self.isDryRun = isDryRun
        }
    }

    let surroundings: Surroundings
    let options: Options
    let log: Logger
    /// Told of every decision when it is written down, in a dry run when it would be.
    let tell: @Sendable (PaneDecision) -> Void

    public init(
        surroundings: Surroundings, options: Options, log: Logger,
        tell: @escaping @Sendable (PaneDecision) -> Void
    ) {
        self.surroundings = surroundings
        self.options = options
        self.log = log
        self.tell = tell
    }

    /// Runs until TERM or INT, or until one pass is done.
    ///
    /// Throws ``ConfigurationError`` with every problem of a settings file, ``DaemonError/alreadyRunningPanes(configuration:pid:)``
    /// when another process runs with this configuration, and after one pass ``DaemonError/hostsNotReached(_:)``.
    public func run() async throws {
        let records = try PaneRecords(options.configuration, surroundings)
        let policy = surroundings.workingDirectory.pushing(options.policy)
        let detection = DetectionCatalog(root: policy.removingLastComponent())
        try requireUsable(policy, detection)
        for warning in records.warnings { log.warning("\(warning.rendered)") }
        guard !options.isDryRun else {
            let store = try Store.copyInMemory(of: records.settings.stateDatabase).fleet(records.id)
            try await store.register(records.registration, at: now)
            return try await watch(records, store, policy, detection, lock: nil)
        }
        let run = records.run
        guard let lock = try DaemonLock.take(role: .watch, run: run, processID: surroundings.processID) else {
            let pid = try DaemonLock.holder(role: .watch, run: run) ?? 0
            throw DaemonError.alreadyRunningPanes(configuration: records.file, pid: pid)
        }
        defer { withExtendedLifetime(lock) {} }
        let store = try Store.open(path: records.settings.stateDatabase, role: .daemon, now: now)
        for case .pythonDatabaseMovedAside(let place) in store.notices {
            log.notice("the database of the older tool is now \(place)")
        }
        let own = store.fleet(records.id)
        try await own.register(records.registration, at: now)
        try await watch(records, own, policy, detection, lock: lock)
    }

    private var now: Timestamp { surroundings.now() }

    private func requireUsable(_ policy: FilePath, _ detection: DetectionCatalog) throws {
        guard let text = try Files.readText(policy) else {
            throw ConfigurationError.notFound(file: options.policy.string)
        }
        _ = try PolicyFile.read(
            text, file: options.policy.string,
            context: .init(isClassic: true, dialogs: try detection.library().dialogIDs))
    }

    private func watch(
        _ records: PaneRecords, _ store: FleetStore, _ policy: FilePath, _ detection: DetectionCatalog,
        lock: FileLock?
    ) async throws {
        let (settings, run) = (records.settings, records.run)
        let hosts = PaneHosts(
            surroundings: surroundings, places: records.places,
            hosts: try settings.hosts.map { host in
                try PaneHost(
                    host, binary: settings.tmuxProgram,
                    folder: run.appending("hosts").appending(TmuxFormat.name(host.name)),
                    taps: run.appending("taps"), environment: surroundings.environment, ids: surroundings.ids,
                    attachesControlClient: !options.isDryRun)
            }, run: run, detection: detection)
        if !options.isDryRun { try await hosts.endOrphans() }
        let events = FileEvents()
        let bell = FileEvents()
        let results = ResultBox { events.wake() }
        let echoes = EchoBox()
        let (begins, begin) = AsyncStream.makeStream(of: Void.self)
        let observer = HostObserver(hosts: hosts, isDryRun: options.isDryRun) { events.wake() }
        let watcher = PaneWatcher(
            hosts: hosts, store: store, policy: policy, mode: options.mode, isDryRun: options.isDryRun,
            parts: PaneWatcher.Parts(
                events: events, results: results, echoes: echoes, observer: observer, log: log,
                wakeHands: { bell.wake() },
                ready: { [pid = surroundings.processID] in
                    begin.finish()
                    try lock?.write(DaemonLock.text(pid))
                },
                report: { [pid = surroundings.processID, log] troubles in
                    do {
                        try lock?.write(DaemonLock.text(pid, troubles: troubles))
                    } catch {
                        log.error("'status' cannot be told what does not work: \(error)")
                    }
                }, tell: tell))
        var services: [any Service] = [observer]
        let retention = RetentionKeeper(panes: store, run: run, now: surroundings.now, log: log)
        if !options.isDryRun {
            services += try await doers(settings, hosts, store, results, echoes, bell, begins)
            if options.mode == .continuous { services.append(retention) }
        }
        services.append(watcher)
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(20)
        try await ServiceGroup(configuration: configuration).run()
        if options.mode == .once, !options.isDryRun { await retention.runOnce() }
        let missing = await watcher.unreachable
        if options.mode == .once, !missing.isEmpty { throw DaemonError.hostsNotReached(Array(missing.keys)) }
    }

    /// What acts: the hands, the files in which questions are answered, and the bus.
    private func doers(
        _ settings: HostsConfiguration, _ hosts: PaneHosts, _ store: FleetStore, _ results: ResultBox,
        _ echoes: EchoBox, _ bell: FileEvents, _ begins: AsyncStream<Void>
    ) async throws -> [any Service] {
        var notify = NotifySettings()
        notify.channels = settings.channels
        let notices = try NoticeParts(
            notify, named: DeliveryRules.named(in: notify), source: name, bus: settings.bus,
            tmux: try tmux(settings), surroundings: surroundings, places: hosts.places)
        notices.announce(log)
        let postBell = FileEvents()
        let delivery = NoticeDelivery(
            store: store, parts: notices, now: surroundings.now, wake: { postBell.wake() }, log: log)
        let completion = NoticeCompletion(
            store: store, source: name, secret: try Secret.find(surroundings, hosts.places),
            publicURL: try PublicURL.find(surroundings), surroundings: surroundings, log: log)
        let deliveries = DeliveryService(
            courier: Courier(
                store: store, channels: notices.channels, rules: notices.rules,
                redaction: notices.redaction, ids: surroundings.ids, now: surroundings.now,
                complete: { await completion($0) }),
            store: store, run: hosts.run, bell: postBell, processID: surroundings.processID,
            drains: options.mode == .once, log: log)
        let hands = Hands(
            workplace: .panes(hosts), store: store, results: results, echoes: echoes, bell: bell, log: log,
            notify: { try await delivery.post($0, for: $1) })
        let files = ApprovalFileKeeper(
            files: ApprovalFiles(
                store: store, folder: settings.approvals, hosts: settings.hosts.map(\.name)),
            folder: settings.approvals,
            stateFolder: settings.stateDatabase.removingLastComponent(), now: surroundings.now, log: log)
        let bus = BusService(
            folder: BusFolder(settings.bus),
            desk: BusDesk(
                store: store, fleetName: name,
                // Written whenever they change.
                audience: .panes { [run = hosts.run] in try .read(run: run) }, redaction: notices.redaction),
            reader: store.fleet.rawValue, begins: begins, wakeHands: { bell.wake() }, now: surroundings.now,
            log: log)
        // Told to end the last: what the hands say then is delivered still.
        guard options.mode == .once else { return [deliveries, hands, files, bus] }
        await bus.takeConfirmations()
        return [deliveries, hands, files]
    }

    /// What messages call this run.
    private var name: String { options.configuration.stem ?? "run" }

    /// The first tmux server of this machine; nil when all are elsewhere.
    private func tmux(_ settings: HostsConfiguration) throws -> Tmux? {
        guard let host = settings.hosts.first(where: { $0.ssh == nil }) else { return nil }
        let socket = host.socket ?? ""
        let address =
            socket.hasPrefix("/")
            ? try TmuxServerAddress(path: FilePath(socket))
            : try TmuxServerAddress.named(
                socket, environment: surroundings.environment, userID: getuid())
        return Tmux(
            address: address, binary: settings.tmuxProgram, environment: surroundings.environment)
    }
}
