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

    /// When this agent wants to be looked at although nothing was printed.
    func nextDeadline(now: Timestamp) -> Timestamp? {
        if hasMoreBytes { return pausedUntil ?? now }
        var times = [machine.nextDeadline, debouncer.deadline].compactMap(\.self)
        if isUnsettled, let lastBytes { times.append(lastBytes.advanced(by: Self.settlePause)) }
        if isUnjudged { times.append(lastJudged?.advanced(by: Self.judgePause) ?? now) }
        if let lastBytes, debouncer.accepted.state == .working || debouncer.accepted.state == .starting {
            let idle = lastBytes.advanced(by: Self.genericIdlePause)
            if idle > now { times.append(idle) }
        }
        let earliest = times.min()
        guard let pausedUntil, let earliest else { return earliest }
        return max(pausedUntil, earliest)
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
