public import Core
internal import GitKit
internal import Store
internal import SystemPackage
internal import TmuxKit

/// The table of agents: their rows, checked against tmux and git.
public struct SessionList: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// How long looking for uncommitted changes may take when no daemon keeps the answer.
    public static let statusLimit = Duration.milliseconds(300)

    /// Every agent of the fleet in the order of creation.
    ///
    /// No tmux server means that all of them are gone.
    public func load() async throws -> [AgentSnapshot] {
        // tmux answers while the database is read.
        let server = try TmuxServer(context.tmux())
        async let panesHere = server.panesWithEnds()
        let isWatched = try context.isWatched()
        let written = try await context.store.overview()
        let agents = written.agents
        guard !agents.isEmpty else { return [] }
        var lookup = PaneLookup(agents: agents, context: context)
        lookup.known = [server.tmux.address.path.string: try await panesHere]
        let panes = try await lookup.find(readScreens: !isWatched)
        var snapshots: [AgentSnapshot] = []
        let progress = Dictionary(grouping: written.runs, by: \.subject)
        let questions = Dictionary(grouping: written.approvals, by: \.subject)
        for agent in agents {
            var snapshot = AgentSnapshot(
                agent: agent, state: .gone, stage: Self.stage(progress[agent.subject] ?? []),
                pendingApprovals: questions[agent.subject]?.count ?? 0)
            snapshot.take(panes[agent.id], isWatched: isWatched)
            snapshots.append(snapshot)
        }
        let facts = isWatched ? written.facts : []
        let known = Dictionary(facts.map { ($0.worktree, $0) }) { $1 }
        try await GitFactReader(context: context).fill(&snapshots, from: known)
        return snapshots
    }

    /// The run that a person wants to see: the one under way, else the last.
    public static func stage(_ runs: [PipelineRun]) -> StageProgress? {
        let open = runs.last { $0.state == .running } ?? runs.last { $0.state == .queued }
        return (open ?? runs.last).flatMap(StageProgress.init)
    }
}

extension AgentSnapshot {
    /// The state that the pane proves, and where it proves none, the one that the daemon or the screen says.
    mutating func take(_ look: PaneLook?, isWatched: Bool) {
        let written = agent.condition
        spawn = agent.spawnStanding
        guard let look else {
            // Before its pane is written down there is none to look for.
            state = spawn == .underWay && agent.pane == nil ? .starting : .gone
            since = written.state == state ? written.since : nil
            return
        }
        if let end = look.pane.end {
            state = .exited
            exitStatus = end.exitStatus
            since = written.state == .exited ? written.since : nil
        } else if isWatched, written.state != .gone, written.state != .exited {
            (state, waitingFor, since) = (written.state, written.waitingFor, written.since)
        } else {
            (state, waitingFor) = (look.state ?? .unknown, look.waitingFor)
            since = written.state == state ? written.since : nil
        }
    }
}
