public import Core
internal import GitKit
internal import Store
internal import SystemPackage

/// Writes down what a worktree is like beside the stages that gates ask for.
///
/// A row for each moment and action, once for good: gates believe these rows and nothing else.
public struct GateWitness: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// How long git may take; a worktree that nobody could look at in time counts as unseen.
    static let limit = Duration.seconds(60)

    /// Looks beside a shell action of a run that a gate asks for; every other action costs one read of the policy.
    public func look(_ moment: WorktreeLook.Moment, beside item: OutboxItem) async throws {
        guard let run = item.run, let stage = item.stage,
            let policy = try? await context.policyOfGates()?.policy,
            !policy.gates.isEmpty, let pipeline = try? await context.store.run(run).pipeline,
            policy.isGated(pipeline)
        else { return }
        try await look(
            moment, run: run, stage: stage, attempt: item.attempt, subject: item.subject,
            key: "\(item.id)/\(moment.rawValue)")
    }

    /// Looks when a stage was completed that ran no command, unless that was done before.
    public func lookAtReport(of run: PipelineRun, stage: String) async throws {
        guard let found = run.stages.first(where: { $0.name == stage }), found.state == .completed,
            let policy = try? await context.policyOfGates()?.policy, policy.isGated(run.pipeline),
            try await Self.looks(of: run.id, in: context.store)
                .allSatisfy({ $0.stage != stage || $0.attempt != found.attempt })
        else { return }
        try await look(
            .report, run: run.id, stage: stage, attempt: found.attempt, subject: run.subject,
            key: "\(run.id)/\(stage)/\(found.attempt)/report")
    }

    private func look(
        _ moment: WorktreeLook.Moment, run: RunID, stage: String, attempt: Int, subject: Subject, key: String
    ) async throws {
        guard let worktree = try await worktree(of: subject) else { return }
        var look = WorktreeLook(moment, stage: stage, attempt: attempt, head: nil)
        // A commit between the two questions shows as another HEAD afterwards.
        let before = try await context.repository.head(of: worktree)
        if let status = try await context.repository.status(of: worktree, within: Self.limit),
            try await context.repository.head(of: worktree) == before
        {
            look.head = before?.rawValue
            look.changed = status.staged + status.changed + status.conflicted
            look.untracked = status.untracked
        }
        let draft = JournalDraft(
            subject: subject, kind: .stageWitnessed, source: "daemon", payload: look.json, run: run,
            stage: stage, key: Self.prefix + key)
        _ = try await context.store.emit(draft, at: context.surroundings.now())
    }

    private func worktree(of subject: Subject) async throws -> FilePath? {
        switch subject {
        case .agent(let id): try await context.store.agent(id)?.place.worktree
        case .mainCheckout: context.root
        case .pane: nil
        }
    }

    private static let prefix = "witness/"

    /// What was seen beside the stages of a run, in the order in which it was seen.
    static func looks(of run: RunID, in store: FleetStore) async throws -> [WorktreeLook] {
        try await store.journal(keyedWith: "\(prefix)\(run)/").compactMap { entry in
            WorktreeLook(entry.payload, stage: entry.draft.stage ?? "")
        }
    }
}
