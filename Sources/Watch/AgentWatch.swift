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

    var agent: Agent
    var machine: PolicyMachine
    var follower: TapFollower?
    var debouncer: StateDebouncer
    /// Where the database stands.
    var committed: Int64
    var lastMark: Timestamp?
    var lastKeyframe: Int64 = 0
    var lastBytes: Timestamp?
    var lastJudged: Timestamp?
    /// The screen changed since it was judged.
    var isUnjudged = true
    /// When a program that no rules know will have been quiet for long enough.
    var quietAt: Timestamp?
    /// Bytes came since the last `settle`.
    var isUnsettled = false
    /// The pane's program has ended, or the pane is gone: then the screen does not decide.
    var end: StateDebouncer.State?
    var hasMoreBytes = true
    /// Not before this time, after an error.
    var pausedUntil: Timestamp?
    var failures = 0

    init(agent: Agent, machine: PolicyMachine, position: TapPosition?) {
        self.agent = agent
        self.machine = machine
        committed = position?.offset ?? 0
        let condition = agent.condition
        debouncer = StateDebouncer(
            accepted: .init(
                state: condition.state, waitingFor: condition.waitingFor, exitStatus: condition.exitStatus))
    }

    /// When the screen is to be judged next; nil while nothing can have changed.
    var judgeDeadline: Timestamp? {
        if isUnjudged, end != nil { return Timestamp(milliseconds: 0) }
        let changed =
            isUnjudged ? lastJudged?.advanced(by: Self.judgePause) ?? Timestamp(milliseconds: 0) : nil
        return [changed, debouncer.deadline, quietAt].compactMap(\.self).min()
    }

    /// When this agent wants to be looked at although nothing was printed.
    var nextDeadline: Timestamp? {
        if hasMoreBytes { return pausedUntil ?? Timestamp(milliseconds: 0) }
        var times = [machine.nextDeadline, judgeDeadline].compactMap(\.self)
        if isUnsettled, let lastBytes { times.append(lastBytes.advanced(by: Self.settlePause)) }
        guard let earliest = times.min() else { return nil }
        return pausedUntil.map { max($0, earliest) } ?? earliest
    }

    /// What the policy knows about this agent.
    static func facts(_ agent: Agent, title: String?) -> SubjectFacts {
        SubjectFacts(
            subject: agent.subject, branch: agent.place.branch, template: agent.program.template,
            agent: agent.program.profile, session: agent.place.session.rawValue, host: "local",
            windowName: "agent:\(agent.place.worktree.lastComponent?.string ?? "")", paneTitle: title,
            commit: agent.place.baseCommit, state: agent.condition.state, since: agent.createdAt)
    }
}
