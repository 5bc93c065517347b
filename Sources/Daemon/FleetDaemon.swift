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
        let bell = try FileEvents()
        let watchEvents = try FileEvents()
        let results = ResultBox { watchEvents.wake() }
        let servers = try ServerPool(context: context)
        let echoes = EchoBox()
        let panes = PaneObserver(context: context, servers: servers) { watchEvents.wake() }
        let notifier = Notifier(context.configuration.notify, webhook: try webhook(context))
        for channel in notifier.unusableChannels(also: context.configuration.escalations.values) {
            log.warning("notify: nothing goes to '\(channel.name.visible)': \(channel.why)")
        }
        let delivery = NoticeDelivery(
            notifier, store: context.store, secret: try context.secret(), publicURL: try context.publicURL(),
            surroundings: surroundings, log: log)
        let hands = Hands(
            context: context, servers: servers, results: results, echoes: echoes, bell: bell, log: log,
            notify: { await delivery.deliver($0, id: $1) })
        let watcher = try Watcher(
            context: context,
            parts: Watcher.Parts(
                events: watchEvents, results: results, echoes: echoes, panes: panes, log: log,
                wakeHands: { bell.wake() }, ready: { try tell([]) },
                // The log says it too.
                report: { try? tell($0) }))
        let files = ApprovalFileKeeper(
            files: ApprovalFiles(
                store: context.store, folder: context.configuration.watch.approvals,
                host: context.configuration.name), folder: context.configuration.watch.approvals,
            stateFolder: context.configuration.stateDatabase.removingLastComponent(),
            now: surroundings.now, log: log)
        var services: [any Service] = [
            servers, panes, hands, watcher, files, GitFactKeeper(context: context, log: log),
            EvidenceKeeper(context: context, log: log),
        ]
        services += orchestrator(context).map { [$0] } ?? []
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        return ServiceGroup(configuration: configuration)
    }

    /// Nil when orchestrator.toml cannot be used: agents are watched all the same.
    private func orchestrator(_ context: FleetContext) -> TaskOrchestrator? {
        do {
            return try TaskOrchestrator(
                context: context, source: OrchestratorSource(context: context), log: log)
        } catch {
            log.error("tasks are not run: \((error as? any UserFacingError)?.message ?? "\(error)")")
            return nil
        }
    }

    /// Nil unless the environment names an address; secrets are never in fleet.toml.
    private func webhook(_ context: FleetContext) throws -> Webhook? {
        guard let url = surroundings.environment[Webhook.variable], !url.isEmpty else { return nil }
        return Webhook(
            url: url, secret: try context.secret())
    }
}
