public import Core
internal import GitKit
public import Store
internal import SystemPackage

/// Answers what git says of the agents' branches and worktrees.
public struct GitFactReader: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// How often a daemon looks at an agent that prints nothing.
    public static let silentPause = Duration.seconds(1800)

    /// Facts older than this are read anew even though a daemon keeps them: it has stopped doing so.
    static let freshness = silentPause + .seconds(300)

    /// Fills in ahead, behind and dirty, from kept facts where there are fresh ones.
    func fill(_ snapshots: inout [AgentSnapshot], from known: [FilePath: GitFact]) async throws {
        let now = context.surroundings.now()
        var missing: [Int] = []
        for index in snapshots.indices {
            let place = snapshots[index].agent.place
            guard let fact = known[place.worktree], fact.branch == place.branch,
                now.distance(from: fact.at) < Self.freshness
            else {
                missing.append(index)
                continue
            }
            snapshots[index].take(fact)
            snapshots[index].factsAt = fact.at
        }
        let agents = missing.map { snapshots[$0].agent }
        let facts = await read(agents, within: SessionList.statusLimit)
        for index in missing {
            if let fact = facts[snapshots[index].agent.id] { snapshots[index].take(fact) }
        }
    }

    /// Reads the facts of several agents; `isDirty` stays nil where the limit was reached first.
    ///
    /// A worktree that is gone or broken has no facts: `doctor` says more about it.
    public func read(_ agents: [Agent], within limit: Duration) async -> [AgentID: GitFact] {
        var facts: [AgentID: GitFact] = [:]
        let now = context.surroundings.now()
        // Without one every agent is counted against its own base.
        let main = (try? await context.repository.mainBranch())?.rawValue
        let groups = Dictionary(grouping: agents) { Self.baseName(of: $0, main: main) }
        for (base, agents) in groups {
            // Names were checked when they were spawned.
            let branches = agents.compactMap { try? BranchName($0.place.branch) }
            let counts =
                base == nil ? nil : try? await context.repository.aheadBehind(branches, of: base ?? "")
            for agent in agents {
                let own = (try? BranchName(agent.place.branch)).flatMap { counts?[$0] }
                facts[agent.id] = GitFact(
                    worktree: agent.place.worktree, branch: agent.place.branch, head: nil, ahead: own?.ahead,
                    behind: own?.behind, isDirty: nil, at: now)
            }
        }
        let deadline = ContinuousClock.now.advanced(by: limit)
        await withTaskGroup(of: (AgentID, Bool?).self) { group in
            var waiting = agents[...]
            // Two at a time: a status walks the disk, and more would only wait for it.
            func next() {
                guard ContinuousClock.now < deadline, let agent = waiting.popFirst() else { return }
                group.addTask { [repository = context.repository] in
                    let left = ContinuousClock.now.duration(to: deadline)
                    let status = try? await repository.status(of: agent.place.worktree, within: left)
                    return (agent.id, status.map { !$0.isClean })
                }
            }
            next()
            next()
            while let (id, isDirty) = await group.next() {
                facts[id]?.isDirty = isDirty
                next()
            }
        }
        return facts
    }

    /// What ahead and behind are counted against: the base that was asked for, else the main checkout's branch.
    static func baseName(of agent: Agent, main: String?) -> String? {
        if let base = agent.place.base { return base }
        if let main, main != agent.place.branch { return main }
        return agent.place.baseCommit
    }
}

extension AgentSnapshot {
    mutating func take(_ fact: GitFact) {
        (ahead, behind, isDirty) = (fact.ahead, fact.behind, fact.isDirty)
    }
}
