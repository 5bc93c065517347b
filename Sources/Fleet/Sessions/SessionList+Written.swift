internal import Core
internal import Store
internal import SystemPackage

extension SessionList {
    /// Every agent as the daemon wrote it down last, in the order of creation: nobody asks tmux or git.
    ///
    /// For readers that look at every change; only while a daemon watches the fleet is it what is the case.
    public func written() async throws -> [AgentSnapshot] {
        let written = try await context.store.overview()
        let progress = Dictionary(grouping: written.runs, by: \.subject)
        let questions = Dictionary(grouping: written.approvals, by: \.subject)
        let known = Dictionary(written.facts.map { ($0.worktree, $0) }) { $1 }
        return written.agents.map { agent in
            let condition = agent.condition
            var snapshot = AgentSnapshot(
                agent: agent, state: condition.state, waitingFor: condition.waitingFor,
                exitStatus: condition.exitStatus, since: condition.since,
                stage: Self.stage(progress[agent.subject] ?? []),
                pendingApprovals: questions[agent.subject]?.count ?? 0, spawn: agent.spawnStanding)
            // No pane of it was ever seen, so nobody writes down that there is none.
            if snapshot.spawn == .interrupted, agent.pane == nil { snapshot.state = .gone }
            if let fact = known[agent.place.worktree], fact.branch == agent.place.branch {
                snapshot.take(fact)
                snapshot.factsAt = fact.at
            }
            return snapshot
        }
    }
}
