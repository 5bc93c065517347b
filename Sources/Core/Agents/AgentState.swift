/// What an agent does right now, as a person looking at its pane would say.
public enum AgentState: String, Sendable, Codable, CaseIterable {
    case starting, working, waiting, idle
    /// The pane is there, its program has ended.
    case exited
    /// There is no pane any more.
    case gone
    case unknown
}

/// For what a `waiting` agent waits.
public enum WaitingFor: String, Sendable, Codable, CaseIterable {
    case permission, question, trust
    case usageLimit = "usage_limit"
}
