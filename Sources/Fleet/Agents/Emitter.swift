public import Core
internal import Store
internal import SystemPackage

/// The exact way to report, for agents, scripts and CI: no screen is read.
public struct Emitter: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// A report: a marker when the type has capitals (`STATUS`), a named signal when it is in lower case.
    public enum Report: Sendable, Equatable {
        case marker(JSONObject)
        case signal(String, payload: JSONObject)
    }

    /// Writes the report into the journal, where a daemon takes it up at once and otherwise later.
    ///
    /// The agent is the one that the command runs in (`TMUX_AGENT_ID`), or that of `branch`. A marker's `id` makes it
    /// count once.
    public func emit(_ report: Report, branch: String?) async throws -> (subject: Subject, isNew: Bool) {
        let agent = try await agent(branch: branch)
        let subject = agent.subject
        var payload: JSONObject
        var key: String?
        var isSeen = false
        switch report {
        case .marker(let marker):
            payload = ["marker": .object(marker)]
            if let id = Marker(payload: marker).id {
                key = "emit/\(subject.key)/\(id)"
                isSeen = try await context.store.isMarkerSeen(id, of: subject, generation: agent.generation)
                if isSeen { payload["duplicate"] = true }
            }
        case .signal(let name, let data): payload = ["signal": .string(name), "payload": .object(data)]
        }
        let draft = JournalDraft(subject: subject, kind: .emit, source: "emit", payload: payload, key: key)
        let emission = try await context.store.emit(draft, at: context.surroundings.now())
        return (subject, emission.isNew && !isSeen)
    }

    private func agent(branch: String?) async throws -> Agent {
        if let branch { return try await context.store.agent(named: branch) }
        if let id = context.surroundings.environment["TMUX_AGENT_ID"], !id.isEmpty {
            return try await context.store.agent(named: id)
        }
        // A hook or script in an agent's worktree speaks for that agent.
        let here = context.surroundings.workingDirectory
        let agents = try await context.store.agents()
        guard
            let agent = agents.first(where: {
                !$0.place.usesMainCheckout && here.isWithin($0.place.worktree)
            })
        else { throw FleetError.noAgentHere }
        return agent
    }
}
