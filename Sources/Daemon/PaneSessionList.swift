public import Core
public import Fleet
internal import Store
public import Watch

/// A pane that `run` watches, as it was written down last.
public struct PaneSession: Sendable {
    public var pane: HostPane
    public var sight: PaneSight
    public var state: AgentState
    public var waitingFor: WaitingFor?
    public var exitStatus: Int32?
    /// Since when it is in this state; nil when that is not known.
    public var since: Timestamp?
    public var stage: StageProgress?
    public var pendingApprovals: Int
}

/// The table of panes that `run` with one hosts.yaml watches.
public struct PaneSessionList: Sendable {
    /// By host and number.
    public var panes: [PaneSession]
    /// Whether `run` is there; else this is what it saw last.
    public var isWatched: Bool

    /// Reads it from what `run` keeps; asks no host.
    ///
    /// Throws ``PaneRecordsError/neverRun(file:)`` when nothing is kept.
    public static func load(_ records: PaneRecords, _ surroundings: Surroundings) async throws
        -> PaneSessionList
    {
        let store = try await records.store(surroundings)
        async let runs = store.latestRuns()
        async let approvals = store.pendingApprovals()
        let progress = Dictionary(grouping: try await runs, by: \.subject)
        let questions = Dictionary(grouping: try await approvals, by: \.subject)
        var panes: [PaneSession] = []
        // A pane that is gone has no tap any more.
        for case .pane(let pane) in try await store.tapSubjects() {
            let subject = Subject.pane(pane)
            guard let seen = try await store.newestEntry(.paneSeen, of: subject),
                let sight = PaneSight(seen.payload)
            else { continue }
            let change = try await store.newestEntry(.agentState, of: subject)
            let payload = change?.payload
            panes.append(
                PaneSession(
                    pane: pane, sight: sight,
                    state: payload?["state"]?.string.flatMap(AgentState.init) ?? .unknown,
                    waitingFor: payload?["waiting_for"]?.string.flatMap(WaitingFor.init),
                    exitStatus: payload?["exit_status"]?.integer.map { Int32(truncatingIfNeeded: $0) },
                    since: change?.at, stage: SessionList.stage(progress[subject] ?? []),
                    pendingApprovals: questions[subject]?.count ?? 0))
        }
        panes.sort { ($0.pane.host, $0.pane.pane.number) < ($1.pane.host, $1.pane.pane.number) }
        return PaneSessionList(panes: panes, isWatched: try records.isWatched())
    }
}
