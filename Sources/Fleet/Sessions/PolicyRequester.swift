public import Core
internal import GitKit
public import Store

/// What a person may ask of the runs of an agent or of the main checkout.
public enum PolicyRequest: Sendable, Equatable {
    /// A stage and those behind it, or the whole run.
    case reset(pipeline: String?, stage: String?)
    /// The failed stage once more.
    case retry(pipeline: String?)
}

/// Hands requests to whoever watches: by the journal, so that they wait when nobody does.
public struct PolicyRequester: Sendable {
    let store: FleetStore
    let surroundings: Surroundings
    let find: @Sendable (String) async throws -> (Subject, name: String)

    public init(context: FleetContext) {
        (store, surroundings) = (context.store, context.surroundings)
        find = { name in
            let (subject, branch) = try await context.policySubject(named: name)
            return (subject, branch)
        }
    }

    /// For panes that were not spawned here, named `%3` or `host:%3`.
    public init(panes store: FleetStore, _ surroundings: Surroundings) {
        (self.store, self.surroundings) = (store, surroundings)
        find = { name in
            let pane = try PaneNames.find(name, among: try await store.latestRuns())
            return (.pane(pane), pane.name)
        }
    }

    /// Writes the request down and returns the branch or pane that `name` means.
    ///
    /// Agents may not ask for themselves. Throws ``PolicyRequestError`` when no run could do what is asked.
    public func ask(_ request: PolicyRequest, of name: String) async throws -> String {
        if surroundings.environment["TMUX_AGENT_ID"] != nil {
            throw FleetError.refusedInsideAgent(what: "Changing a run")
        }
        let (subject, branch) = try await find(name)
        let runs = try await store.latestRuns().filter { $0.subject == subject }
        try Self.check(request, on: runs, branch: branch)
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
            subject: subject, kind: .policyRequested, source: "cli", payload: payload)
        _ = try await store.emit(draft, at: surroundings.now())
        return branch
    }

    static func check(
        _ request: PolicyRequest, on all: [PipelineRun], branch: String
    ) throws(PolicyRequestError) {
        guard !all.isEmpty else { throw .noRuns(branch: branch) }
        let pipeline: String? =
            switch request {
            case .reset(let pipeline, _), .retry(let pipeline): pipeline
            }
        let runs = all.filter { pipeline == nil || $0.pipeline == pipeline }
        if let pipeline, runs.isEmpty {
            throw .noSuchPipeline(pipeline, branch: branch, known: all.map(\.pipeline))
        }
        switch request {
        case .reset(_, let stage?):
            let known = runs.flatMap { $0.stages.map(\.name) }
            guard known.contains(stage) else {
                throw .noSuchStage(stage, branch: branch, known: known)
            }
            let named = runs.filter { run in run.stages.contains { $0.name == stage } }
            // Behind a queued run stands one that is not among these.
            guard !named.contains(where: { $0.state == .queued || $0.stage(before: stage) == nil }),
                let current = named.lazy.compactMap({ $0.stage(before: stage) }).first
            else { break }
            throw .stageNotReached(stage, branch: branch, standsAt: current)
        case .reset: break
        case .retry:
            guard runs.contains(where: { $0.state == .failed }) else { throw .nothingFailed(branch: branch) }
        }
    }
}

extension FleetContext {
    /// The agent that `name` means, or the main checkout by its branch, with that branch.
    public func policySubject(named name: String) async throws -> (Subject, branch: String) {
        do throws(StoreError) {
            let agent = try await store.agent(named: name)
            return (agent.subject, agent.place.branch)
        } catch {
            // a detached HEAD has no branch that could be meant
            let main = try? await repository.mainBranch()
            guard case .agentNotFound = error, main?.rawValue == name else { throw error }
            return (.mainCheckout, name)
        }
    }
}
