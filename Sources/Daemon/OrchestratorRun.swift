internal import Config
public import Core
public import Fleet
public import Logging
public import Orchestrator
internal import ServiceLifecycle
internal import UnixSignals

/// The composition root of `orchestrate`: runs a fleet's tasks in a process of its own.
public struct OrchestratorRun: Sendable {
    let surroundings: Surroundings
    let log: Logger

    public init(surroundings: Surroundings, log: Logger) {
        self.surroundings = surroundings
        self.log = log
    }

    /// Runs until TERM or INT, or with `once` until everything has ended that can be done now.
    ///
    /// `source` names another file than the fleet's. Throws ``OrchestratorError`` when there is no task, or another
    /// process runs them.
    public func run(source: @Sendable (FleetContext) -> OrchestratorSource, once: Bool) async throws {
        let context = try await FleetContext.open(surroundings)
        try context.requireTrust()
        for warning in context.warnings { log.warning("\(warning.rendered)") }
        let orchestrator = try TaskOrchestrator(context: context, source: source(context), log: log)
        try await orchestrator.requireTasks()
        if try !context.isWatched() {
            log.notice("no daemon watches this fleet: what agents print is read by nobody ('tmux-agent up')")
        }
        guard !once else { return try await orchestrator.runOnce() }
        try await orchestrator.takeRole()
        var configuration = ServiceGroupConfiguration(
            services: [.init(service: orchestrator, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
    }
}
