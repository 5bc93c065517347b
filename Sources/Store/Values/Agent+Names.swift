public import Core

extension Sequence<Agent> {
    /// The agents that people or programs mean by `name`: an agent's id, its pane's, its branch or its session.
    ///
    /// More than one only for the id of a pane that several tmux servers have.
    public func meant(by name: String) -> [Agent] {
        if let agent = first(where: { $0.id.rawValue == name }) { return [agent] }
        if let pane = PaneID(name) { return living(in: pane) }
        return (first { $0.place.branch == name } ?? first { $0.place.session.rawValue == name }).map { [$0] }
            ?? []
    }

    /// The agents in panes of this id, one for each tmux server.
    ///
    /// A server that is started anew gives the same ids again: who is gone has lost its pane to whoever lives, and an
    /// earlier start to a later one. Where all are gone it is the one that was there last.
    public func living(in pane: PaneID) -> [Agent] {
        let found = filter { $0.pane?.pane == pane }
        let living = found.filter { $0.condition.state != .gone }
        let latest = Dictionary(grouping: living.isEmpty ? found : living) { $0.pane?.server.socket }
            .values.compactMap { $0.max { $0.start < $1.start } }
        guard !living.isEmpty else { return latest.max { $0.start < $1.start }.map { [$0] } ?? [] }
        return latest.sorted { $0.start > $1.start }
    }
}

extension Agent {
    fileprivate var start: Timestamp { startedAt ?? createdAt }
}
