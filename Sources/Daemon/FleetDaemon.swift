internal import Approvals
internal import Config
public import Core
internal import Fleet
public import Logging
internal import Notify
internal import Orchestrator
internal import ProcessKit
internal import ServiceLifecycle
internal import Store
internal import SystemPackage
internal import TmuxKit
internal import UnixSignals
internal import Watch
internal import Web

/// The composition root of a fleet's daemon: makes every part, hands it what it needs, and runs them as one group.
public struct FleetDaemon: Sendable {
    let surroundings: Surroundings
    let log: Logger

    public init(surroundings: Surroundings, log: Logger) {
        self.surroundings = surroundings
        self.log = log
    }

    /// Runs until TERM or INT.
    ///
    /// Throws ``DaemonError/alreadyRunning(pid:)`` when another process watches this fleet.
    public func run() async throws {
        try await run(try await FleetContext.open(surroundings, role: .daemon))
    }

    /// As `run()`, for a fleet that is open.
    func run(_ context: FleetContext) async throws {
        try context.requireTrust()
        for warning in context.warnings { log.warning("\(warning.rendered)") }
        guard
            let lock = try DaemonLock.take(role: .watch, run: context.run, processID: surroundings.processID)
        else {
            throw DaemonError.alreadyRunning(pid: try DaemonLock.holder(role: .watch, run: context.run) ?? 0)
        }
        defer { withExtendedLifetime(lock) {} }
        try await PolicyCheck.requireUsable(in: context)
        try await takeOver(context)
        let group = try group(context) { troubles in
            try lock.write(DaemonLock.text(surroundings.processID, troubles: troubles))
        }
        log.info("watching \(context.root)")
        try await group.run()
        try await leave(context)
        log.info("stopped")
    }

    /// Ends what a killed predecessor left: its control client could hold up the whole tmux server.
    private func takeOver(_ context: FleetContext) async throws {
        guard let own = ProcessTable.process(surroundings.processID)?.identity else { return }
        let registration = DaemonRegistration(
            role: .watch, process: RecordedProcess(own), since: surroundings.now())
        let former = try await context.store.register(registration)
        if let client = former?.controlClient { await ControlClient.endOrphan(client.identity) }
    }

    private func leave(_ context: FleetContext) async throws {
        guard let own = ProcessTable.process(surroundings.processID)?.identity else { return }
        try await context.store.unregister(.watch, process: RecordedProcess(own))
    }

    /// `tell` writes down that the daemon does its work, and what of it does not work.
    private func group(
        _ context: FleetContext, tell: @escaping @Sendable (_ troubles: [String]) throws -> Void
    ) throws -> ServiceGroup {
        let bell = FileEvents()
        let watchEvents = FileEvents()
        let results = ResultBox { watchEvents.wake() }
        let meter = try TmuxMeter(store: context.store, log: log)
        let servers = try ServerPool(context: context) { meter.record($0) }
        let troubles = TroubleBoard(write: tell)
        let echoes = EchoBox()
        let panes = PaneObserver(context: context, servers: servers) { watchEvents.wake() }
        let notices = try NoticeParts(context)
        notices.announce(log)
        let postBell = FileEvents()
        let delivery = NoticeDelivery(
            store: context.store, parts: notices, now: surroundings.now, wake: { postBell.wake() }, log: log)
        let completion = NoticeCompletion(
            store: context.store, source: notices.source, secret: try context.secret(),
            publicURL: try context.publicURL(), surroundings: surroundings, log: log)
        let deliveries = DeliveryService(
            courier: Courier(
                store: context.store, channels: notices.channels, rules: notices.rules,
                redaction: notices.redaction, ids: surroundings.ids, now: surroundings.now,
                complete: { await completion($0) }),
            store: context.store, run: context.run, bell: postBell, processID: surroundings.processID,
            log: log)
        let hands = Hands(
            context: context, servers: servers, results: results, echoes: echoes, bell: bell, log: log,
            notify: { try await delivery.post($0, for: $1) })
        let watcher = try Watcher(
            context: context,
            parts: Watcher.Parts(
                events: watchEvents, results: results, echoes: echoes, panes: panes, log: log,
                wakeHands: { bell.wake() }, ready: { try troubles.ready() },
                report: { troubles.tell($0, from: "watcher") }))
        let files = ApprovalFileKeeper(
            files: ApprovalFiles(
                store: context.store, folder: context.configuration.watch.approvals,
                host: context.configuration.name), folder: context.configuration.watch.approvals,
            stateFolder: context.configuration.stateDatabase.removingLastComponent(),
            now: surroundings.now, log: log)
        let bus = BusService(
            folder: BusFolder(context.configuration.watch.bus),
            desk: BusDesk(
                store: context.store, fleetName: context.configuration.name, redaction: notices.redaction),
            reader: context.id.rawValue, wakeHands: { bell.wake() }, now: surroundings.now, log: log)
        var services: [any Service] = [
            deliveries, servers, panes, hands, bus, watcher, files, GitFactKeeper(context: context, log: log),
            EvidenceKeeper(context: context, log: log, report: { troubles.tell($0, from: "evidence") }),
            RetentionKeeper(context: context, log: log), meter,
            LogKeeper(daemonLog: DaemonLog(context), log: log),
        ]
        services += web(context, troubles)
        services.append(metrics(context, troubles))
        services.append(
            try TaskOrchestrator(
                context: context, source: OrchestratorSource(context: context), log: log, waitsForPlan: true
            ) { troubles.tell($0, from: "tasks") })
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        return ServiceGroup(configuration: configuration)
    }

    /// The pages of the fleet; where they cannot be made, the rest works all the same.
    private func web(_ context: FleetContext, _ troubles: TroubleBoard) -> [any Service] {
        let setup = WebSetup(context)
        do {
            let site = try setup.site(log: log)
            let pages: [WebServer.Page] =
                context.configuration.portal.isEnabled ? [.dashboard, .portal] : [.dashboard]
            return [KeptFeed(site: site, troubles: troubles, log: log)]
                + pages.map { page in
                    KeptServer(
                        site: site, page: page, place: setup.place(of: page), context: context,
                        troubles: troubles, log: log)
                }
        } catch {
            let reason = (error as? any UserFacingError)?.message ?? "\(error)"
            log.error("no pages: \(reason)")
            troubles.tell(["dashboard: \(reason)"], from: "dashboard")
            return []
        }
    }

    /// Where orchestrator.toml names a port for the numbers; an `orchestrate` that runs the tasks serves them itself.
    private func metrics(_ context: FleetContext, _ troubles: TroubleBoard) -> MetricsKeeper {
        MetricsKeeper(source: OrchestratorSource(context: context), log: log) { [log] place in
            troubles.tell([], from: WebServer.Page.metrics.rawValue)
            guard let place else { return nil }
            do {
                let setup = WebSetup(SiteContext(context), host: place.host, port: place.port)
                return KeptServer(
                    site: try setup.site(log: log), page: .metrics, place: setup.place(of: .metrics),
                    isElsewhere: {
                        // A lock that cannot be read is nobody's.
                        let holder = try? DaemonLock.holder(role: .orchestrate, run: context.run)
                        return holder.map { $0 != context.surroundings.processID } ?? false
                    }, context: context, troubles: troubles, log: log)
            } catch {
                let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                log.error("metrics: \(reason)")
                troubles.tell(["metrics: \(reason)"], from: WebServer.Page.metrics.rawValue)
                return nil
            }
        }
    }
}
