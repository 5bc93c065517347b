/// What keeps a task from beginning whose dependencies are done.
public enum Shortage: Sendable, Equatable {
    /// So many tasks of this plan are begun and not done.
    case slots(taken: Int, most: Int)
    /// So many agents live on this machine, of whichever fleet.
    case host(taken: Int, most: Int)
    /// In bytes.
    case memory(free: Int64, least: Int64)
    /// Of the last minute, for each processor.
    case load(now: Double, most: Double)

    /// For people, with the setting that says so.
    public var words: String {
        switch self {
        case .slots(let taken, let most): "this fleet has \(taken) of \(most) agents (max_agents)"
        case .host(let taken, let most): "this machine has \(taken) of \(most) agents (max_agents_per_host)"
        case .memory(let free, let least):
            "\(free >> 20) MB of memory are free, \(least >> 20) MB are asked for (min_free_memory)"
        case .load(let now, let most):
            "the load of a processor is \(Self.rounded(now)), over \(Self.rounded(most)) (max_load)"
        }
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}

extension OrchestratorSettings {
    /// The first thing that is short when `active` tasks are begun; nil: another one may begin.
    public func shortage(active: Int, _ capacity: Capacity?) -> Shortage? {
        guard active < maxAgents else { return .slots(taken: active, most: maxAgents) }
        if let most = maxAgentsPerHost {
            let taken = active + (capacity?.otherAgents ?? 0)
            guard taken < most else { return .host(taken: taken, most: most) }
        }
        if let least = minimumFreeMemory, let free = capacity?.freeMemory, free < least {
            return .memory(free: free, least: least)
        }
        if let most = maximumLoad, let now = capacity?.load, now > most { return .load(now: now, most: most) }
        return nil
    }
}
