internal import Core
internal import Fleet
internal import Store
internal import SystemPackage

/// One agent as the watcher holds it between two looks.
final class AgentWatch: SubjectWatch {
    /// A quiet screen is compared with what tmux shows, and at most so often.
    static let checkPause = Duration.seconds(1)
    static let checkDistance = Duration.seconds(10)
    /// Whether a spawn is alive is asked so often.
    static let spawnerPause = Duration.seconds(1)

    var agent: Agent { didSet { kind = AgentKind(agent.program.kind) } }
    /// Where the database stands in the log of sizes.
    var committedSizes: Int64 = 0
    /// Reading goes on behind a cut.
    var isCut = false
    /// Which start of the agent prints what follows there.
    var committedGeneration: Int?
    /// How far the typed texts of the outbox were taken.
    var typedRead: Int64 = 0
    /// When the screen is to be compared with what tmux shows; nil while nothing changed since.
    var checkAt: Timestamp?
    var lastChecked: Timestamp?
    /// The last comparison found a difference, which was said.
    var isDiffering = false
    /// The policies heard of the agent since this process watches it.
    var hasBegun = false
    /// When to ask again whether the process that delivers the briefing is alive: its end signals nothing.
    var spawnerCheckAt: Timestamp?

    init(agent: Agent, machine: PolicyMachine, position: TapPosition?) {
        self.agent = agent
        committedGeneration = position?.generation
        let condition = agent.condition
        super.init(
            agent.subject, kind: AgentKind(agent.program.kind), machine: machine,
            debouncer: StateDebouncer(
                accepted: .init(
                    state: condition.state, waitingFor: condition.waitingFor,
                    exitStatus: condition.exitStatus)), committed: position?.offset ?? 0)
    }

    /// Its program runs and has its briefing: policies may begin.
    var mayBegin: Bool { !hasBegun && agent.spawn.phase == .ready && agent.pane != nil }

    /// Its spawn could not deliver the briefing, and now the program is ready for it.
    var mayBeBriefed: Bool {
        agent.spawn.phase == .briefing && agent.spawn.spawner == nil && end == nil
            && debouncer.accepted.state == .idle
    }

    override var isDue: Bool { hasMoreBytes || mayBegin || mayBeBriefed }

    override var moreDeadlines: [Timestamp?] {
        let isSpawning = agent.spawn.phase == .briefing && agent.spawn.spawner != nil
        return [checkAt, isSpawning ? spawnerCheckAt ?? .longAgo : nil]
    }

    override func noteBytes(at now: Timestamp) {
        super.noteBytes(at: now)
        let earliest = lastChecked?.advanced(by: Self.checkDistance) ?? now
        checkAt = max(now.advanced(by: Self.checkPause), earliest)
    }

    override func clockWasSetBack(to now: Timestamp) {
        super.clockWasSetBack(to: now)
        lastChecked = lastChecked.map { min($0, now) }
        checkAt = checkAt.map { min($0, now.advanced(by: Self.checkDistance)) }
        spawnerCheckAt = spawnerCheckAt.map { min($0, now.advanced(by: Self.spawnerPause)) }
    }
}
