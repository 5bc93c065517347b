internal import Core
internal import Fleet
internal import Store
internal import SystemPackage
internal import TerminalKit

/// One agent as the watcher holds it between two looks: its tap, its state and its policy machine.
final class AgentWatch {
    /// So much quiet says that what stands on the screen is finished.
    static let settlePause = Duration.milliseconds(150)
    /// A program that no rules know counts as idle when it printed nothing for so long.
    static let genericIdlePause = Duration.seconds(3)
    /// Screens are judged at most so often while bytes come.
    static let judgePause = Duration.milliseconds(100)
    /// A quiet screen is compared with what tmux shows, and at most so often.
    static let checkPause = Duration.seconds(1)
    static let checkDistance = Duration.seconds(10)
    /// Whether a spawn is alive is asked so often.
    static let spawnerPause = Duration.seconds(1)

    var agent: Agent
    var machine: PolicyMachine
    var follower: TapFollower?
    var debouncer: StateDebouncer
    var dialogs = DialogSightings()
    /// What a former daemon decided on is known.
    var knowsDialogs = false
    /// Where the database stands, in the tap and in the log of its sizes.
    var progress: TapProgress
    var committedSizes: Int64 = 0
    /// Which start of the agent prints what follows there.
    var committedGeneration: Int?
    /// How far the typed texts of the outbox were taken.
    var typedRead: Int64 = 0
    var lastBytes: Timestamp?
    var lastJudged: Timestamp?
    /// The screen changed since it was judged.
    var isUnjudged = true
    /// When a program that no rules know will have been quiet for long enough.
    var quietAt: Timestamp?
    /// Bytes came since the last `settle`.
    var isUnsettled = false
    /// When the screen is to be compared with what tmux shows; nil while nothing changed since.
    var checkAt: Timestamp?
    var lastChecked: Timestamp?
    /// The last comparison found a difference, which was said.
    var isDiffering = false
    /// The pane's program has ended, or the pane is gone: then the screen does not decide.
    var end: StateDebouncer.State?
    var hasMoreBytes = true
    /// The policies heard of the agent since this process watches it.
    var hasBegun = false
    /// When to ask again whether the process that delivers the briefing is alive: its end signals nothing.
    var spawnerCheckAt: Timestamp?
    /// Not before this time, after an error.
    var pausedUntil: Timestamp?
    var failures = 0
    /// What is held here may not be what is stored.
    var isStale = false

    init(agent: Agent, machine: PolicyMachine, position: TapPosition?) {
        self.agent = agent
        self.machine = machine
        progress = TapProgress(committed: position?.offset ?? 0)
        committedGeneration = position?.generation
        let condition = agent.condition
        debouncer = StateDebouncer(
            accepted: .init(
                state: condition.state, waitingFor: condition.waitingFor, exitStatus: condition.exitStatus))
    }

    /// Its program runs and has its briefing: policies may begin.
    var mayBegin: Bool { !hasBegun && agent.spawn.phase == .ready && agent.pane != nil }

    /// Its spawn could not deliver the briefing, and now the program is ready for it.
    var mayBeBriefed: Bool {
        agent.spawn.phase == .briefing && agent.spawn.spawner == nil && end == nil
            && debouncer.accepted.state == .idle
    }

    /// When the screen is to be judged next; nil while nothing can have changed.
    var judgeDeadline: Timestamp? {
        if isUnjudged, end != nil { return .longAgo }
        let changed = isUnjudged ? lastJudged?.advanced(by: Self.judgePause) ?? .longAgo : nil
        return [changed, debouncer.deadline, dialogs.deadline, quietAt].compactMap(\.self).min()
    }

    /// When this agent wants to be looked at although nothing was printed.
    var nextDeadline: Timestamp? {
        if hasMoreBytes || mayBegin || mayBeBriefed { return pausedUntil ?? .longAgo }
        var times = [machine.nextDeadline, judgeDeadline, checkAt].compactMap(\.self)
        if agent.spawn.phase == .briefing, agent.spawn.spawner != nil {
            times.append(spawnerCheckAt ?? .longAgo)
        }
        if isUnsettled, let lastBytes { times.append(lastBytes.advanced(by: Self.settlePause)) }
        guard let earliest = times.min() else { return nil }
        return pausedUntil.map { max($0, earliest) } ?? earliest
    }

    /// Bytes were read.
    func noteBytes(at now: Timestamp) {
        (lastBytes, isUnsettled, isUnjudged) = (now, true, true)
        quietAt = now.advanced(by: Self.genericIdlePause)
        let earliest = lastChecked?.advanced(by: Self.checkDistance) ?? now
        checkAt = max(now.advanced(by: Self.checkPause), earliest)
    }

    /// Its last bytes were read by a former daemon: a start of ours must not make a quiet program look busy.
    func hasPrinted(at time: Timestamp) {
        lastBytes = lastBytes ?? time
        quietAt = quietAt ?? ScreenState.quiet(since: time)
    }

    /// Nothing that was waited for is further away than it was when the waiting began.
    func clockWasSetBack(to now: Timestamp) {
        lastBytes = lastBytes.map { min($0, now) }
        lastJudged = lastJudged.map { min($0, now) }
        progress.clockWasSetBack(to: now)
        lastChecked = lastChecked.map { min($0, now) }
        quietAt = quietAt.map { min($0, now.advanced(by: Self.genericIdlePause)) }
        checkAt = checkAt.map { min($0, now.advanced(by: Self.checkDistance)) }
        pausedUntil = pausedUntil.map { min($0, now) }
        spawnerCheckAt = spawnerCheckAt.map { min($0, now.advanced(by: Self.spawnerPause)) }
        debouncer.clockWasSetBack(to: now)
    }
}

extension Timestamp {
    /// Due at once.
    static let longAgo = Timestamp(milliseconds: 0)
}
