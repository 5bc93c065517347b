internal import Config
public import Core
public import Fleet
public import Logging
public import Orchestrator
internal import ServiceLifecycle
internal import UnixSignals
internal import Web

/// The composition root of `orchestrate`: runs a fleet's tasks in a process of its own.
public struct OrchestratorRun: Sendable {
    /// What the command line names.
    public struct Options: Sendable {
        /// End when everything has ended that can be done now.
        public var once = false
        /// Over those of orchestrator.toml.
        public var metricsHost: String?
        public var metricsPort: Int?

        public init() {}
    }

    let surroundings: Surroundings
    let log: Logger

    public init(surroundings: Surroundings, log: Logger) {
        self.surroundings = surroundings
        self.log = log
    }

    /// Runs until TERM or INT, and serves the numbers where a port is named for them.
    ///
    /// `source` names another file than the fleet's. Throws ``OrchestratorError`` when there is no task, or another
    /// process runs them.
    public func run(
        source makeSource: @Sendable (FleetContext) -> OrchestratorSource, options: Options
    ) async throws {
        let context = try await FleetContext.open(surroundings)
        try context.requireTrust()
        for warning in context.warnings { log.warning("\(warning.rendered)") }
        let source = makeSource(context)
        let orchestrator = try TaskOrchestrator(context: context, source: source, log: log)
        try await orchestrator.requireTasks()
        if try !context.isWatched() {
            log.notice("no daemon watches this fleet: what agents print is read by nobody ('tmux-agent up')")
        }
        guard !options.once else { return try await orchestrator.runOnce() }
        try await orchestrator.takeRole()
        let services: [any Service] = [orchestrator, try metrics(context, source, options)]
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            }, gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
    }

    /// Throws when the place that is named now cannot be served.
    private func metrics(
        _ context: FleetContext, _ source: OrchestratorSource, _ options: Options
    ) throws -> any Service {
        let log = log
        @Sendable func server(_ host: String?, _ port: Int) throws -> WebServer {
            let setup = WebSetup(
                SiteContext(context), host: options.metricsHost ?? host ?? "127.0.0.1", port: port)
            return WebServer(
                try setup.site(log: log), page: .metrics, at: setup.place(of: .metrics), log: log
            ) { address in log.notice("metrics: \(address.url)/metrics") }
        }
        let named = try source.metricsPlace()
        if let port = options.metricsPort { return try server(named?.host, port) }
        if let named { _ = try server(named.host, named.port) }
        return MetricsKeeper(source: source, log: log) { place in
            guard let place else { return nil }
            do {
                return try server(place.host, place.port)
            } catch {
                log.error("metrics: \((error as? any UserFacingError)?.message ?? "\(error)")")
                return nil
            }
        }
    }
}
