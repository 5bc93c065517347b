internal import Core
internal import Store

/// What a person can do about stages that a gate misses.
public struct GateAdvice: Sendable, Equatable {
    public var stage: String
    public var text: String

    static func find(
        for refused: [GateStanding], _ policy: Policy, _ context: FleetContext
    ) async throws -> [GateAdvice] {
        var advice: [GateAdvice] = []
        let isWatched = try context.isWatched()
        if !isWatched {
            advice.append(GateAdvice(stage: "", text: "tmux-agent up   (nobody watches this fleet)"))
        }
        for standing in refused {
            for stage in standing.stages where !stage.holds {
                let text = try await text(for: stage, policy, context)
                let found = GateAdvice(stage: stage.stage, text: text)
                if !advice.contains(found) { advice.append(found) }
            }
        }
        return advice
    }

    private static func text(
        for standing: StageStanding, _ policy: Policy, _ context: FleetContext
    ) async throws -> String {
        guard case .missing(let lack) = standing.state else { return "" }
        let branch = try await branch(of: standing.run, context)
        switch lack {
        case .noRun: return begin(standing.stage, policy)
        case .notDone(.waitingApproval, _):
            let open = try await context.store.pendingApprovals().first {
                $0.run == standing.run?.id && $0.stage == standing.stage
            }
            return open.map { "tmux-agent approve \($0.id)" } ?? "tmux-agent approvals"
        case .notDone: return "wait for it: tmux-agent " + (branch.map { "policy explain \($0)" } ?? "status")
        case .failed: return branch.map { "tmux-agent policy retry \($0)" } ?? begin(standing.stage, policy)
        case .unclean:
            return branch.map {
                "commit or stash what lies in the worktree, then: tmux-agent policy reset \($0) --stage \(standing.stage)"
            } ?? begin(standing.stage, policy)
        case .unseen:
            return branch.map { "tmux-agent policy reset \($0) --stage \(standing.stage)" }
                ?? begin(standing.stage, policy)
        }
    }

    private static func branch(of run: PipelineRun?, _ context: FleetContext) async throws -> String? {
        guard let run, case .agent(let id) = run.subject, let agent = try await context.store.agent(id),
            agent.removedAt == nil
        else { return nil }
        return agent.place.branch
    }

    /// What begins a run of a pipeline that has the stage.
    private static func begin(_ stage: String, _ policy: Policy) -> String {
        guard let pipeline = policy.pipelines.first(where: { $0.stage(named: stage) != nil }) else {
            return "no pipeline has this stage any more: tmux-agent policy check"
        }
        let hooks = (pipeline.startsOn?.tests ?? []).compactMap { test, _ -> String? in
            if case .gitHook(let filter) = test { filter.name } else { nil }
        }
        if hooks.contains("post-commit") {
            return
                "pipeline '\(pipeline.name)' runs on each commit: git commit --amend --no-edit makes it run now"
        }
        if let condition = pipeline.startsOn {
            return "pipeline '\(pipeline.name)' begins on: \(condition.words)"
        }
        return
            "pipeline '\(pipeline.name)' runs once for each agent, and not for this commit; give it 'starts_on: { git_hook: post-commit }'"
    }
}
