internal import Core
internal import Store

/// What a person may ask of an agent's runs.
public enum PolicyRequest: Sendable, Equatable {
    /// A stage and those behind it, or the whole run.
    case reset(pipeline: String?, stage: String?)
    /// The failed stage once more.
    case retry(pipeline: String?)
}

/// Hands requests to whoever watches the fleet: by the journal, so that they wait when nobody does.
public struct PolicyRequester: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// Writes the request down and returns the agent's branch.
    ///
    /// Agents may not ask for themselves.
    public func ask(_ request: PolicyRequest, of name: String) async throws -> String {
        if context.surroundings.environment["TMUX_AGENT_ID"] != nil {
            throw FleetError.refusedInsideAgent(what: "Changing a run")
        }
        let agent = try await context.store.agent(named: name)
        var payload = JSONObject()
        switch request {
        case .reset(let pipeline, let stage):
            payload["request"] = "reset"
            payload["pipeline"] = pipeline.map { .string($0) }
            payload["stage"] = stage.map { .string($0) }
        case .retry(let pipeline):
            payload["request"] = "retry"
            payload["pipeline"] = pipeline.map { .string($0) }
        }
        let draft = JournalDraft(
            subject: agent.subject, kind: .policyRequested, source: "cli", payload: payload)
        _ = try await context.store.emit(draft, at: context.surroundings.now())
        return agent.place.branch
    }
}
