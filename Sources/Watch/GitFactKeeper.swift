internal import Core
public import Fleet
public import Logging
internal import ProcessKit
public import ServiceLifecycle
internal import Store
internal import SystemPackage

/// Keeps what git says of each agent in the database, so that `sessions` need not ask git a hundred times.
///
/// An agent that printed something is looked at again soon, a silent one twice an hour: somebody may have edited its files
/// by hand, and the table shows how old a fact is.
public struct GitFactKeeper: Service {
    let context: FleetContext
    let log: Logger

    /// Between two looks; a look at a hundred silent agents is a hundred stat(2) calls.
    static let pause = Duration.seconds(10)
    /// An agent that prints all the time is not looked at more often: each look is a process.
    static let shortestAge = Duration.seconds(20)

    public init(context: FleetContext, log: Logger) {
        self.context = context
        self.log = log
    }

    private struct Look {
        var at: Timestamp
        var tapSize: Int64?
    }

    public func run() async throws {
        let bell = FileEvents()
        var looks: [AgentID: Look] = [:]
        var troubles = Troubles()
        bell.wake()
        for await _ in bell.wakes.cancelOnGracefulShutdown() {
            await troubles.attempt("git facts", log) { try await refresh(&looks) }
            bell.setAlarm(after: Self.pause)
        }
    }

    private func refresh(_ looks: inout [AgentID: Look]) async throws {
        let now = context.surroundings.now()
        let agents = try await context.store.agents()
        var due: [Agent] = []
        for agent in agents {
            let size = agent.tap.flatMap { Files.size($0) }
            if let look = looks[agent.id] {
                let age = now.distance(from: look.at)
                guard age >= (look.tapSize == size ? GitFactReader.silentPause : Self.shortestAge) else {
                    continue
                }
            }
            looks[agent.id] = Look(at: now, tapSize: size)
            due.append(agent)
        }
        looks = looks.filter { id, _ in agents.contains { $0.id == id } }
        guard !due.isEmpty else { return }
        let facts = await GitFactReader(context: context).read(due, within: .seconds(20))
        try await context.store.record(Array(facts.values))
    }
}
