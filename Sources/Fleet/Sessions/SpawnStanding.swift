internal import ProcessKit
public import Store

/// What is left of an agent's spawn.
public enum SpawnStanding: String, Sendable, CaseIterable {
    case done
    /// A process makes the agent right now.
    case underWay = "under_way"
    /// The process that made it is gone before the agent's program was started.
    case interrupted
    /// The program was started, but nobody is there to tell it what to do.
    case briefingOwed = "briefing_owed"
}

extension Agent {
    /// By the row and by whether the process that it names still runs.
    public var spawnStanding: SpawnStanding {
        switch spawn.phase {
        case .ready, .removing: return .done
        case .planned, .branch, .worktree, .setup, .session, .briefing: break
        }
        if let spawner = spawn.spawner, ProcessTable.isAlive(spawner.identity) { return .underWay }
        return spawn.phase == .briefing ? .briefingOwed : .interrupted
    }
}
