public import Core
public import GitKit
internal import Store
internal import SystemPackage

/// Writes into git which agent made a commit, and reads it again.
public struct Provenance: Sendable {
    let context: FleetContext

    public init(context: FleetContext) { self.context = context }

    /// More commits than these are not looked at for one run.
    static let mostCommits = 200

    /// Notes the commits that an agent made in its worktree, and on the run's own commit what the run found.
    ///
    /// Writing the same twice changes nothing. Runs of the main checkout are no agent's.
    public func note(_ run: PipelineRun) async throws {
        guard case .agent(let id) = run.subject, let agent = try await context.store.agent(id),
            !agent.place.usesMainCheckout
        else { return }
        var made = try await commits(of: agent)
        // A commit that was merged before its run ended is not the agent's alone any more, but git said who made it.
        if let own = run.commitOfItsOwn, !made.contains(own) { made.append(own) }
        for commit in made {
            let text = try await context.repository.note(on: commit, in: ProvenanceNote.reference)
            let known = text.flatMap { ProvenanceNote(text: $0) }
            // A note of another kind under our reference is somebody's work: it stays.
            if text != nil, known == nil { continue }
            var note =
                known
                ?? ProvenanceNote(
                    agent: agent.id.rawValue, branch: agent.place.branch, program: agent.program.kind,
                    template: agent.program.template, model: agent.program.model, task: agent.program.task)
            if commit.rawValue == run.commit { note = note.adding(try await summary(of: run)) }
            guard note != known else { continue }
            try await context.repository.setNote(
                note.text, on: commit, in: ProvenanceNote.reference, at: context.surroundings.now())
        }
    }

    /// The commits that are the agent's own: of its checkout's line, without those that its base or the main branch has.
    private func commits(of agent: Agent) async throws -> [CommitID] {
        let repository = context.repository
        let head: CommitID?
        if agent.removedAt == nil,
            try await repository.worktrees().contains(where: { $0.path == agent.place.worktree })
        {
            head = try await repository.head(of: agent.place.worktree)
        } else {
            head = try await repository.branches().first { $0.name.rawValue == agent.place.branch }?.commit
        }
        guard let head else { return [] }
        var others: [CommitID] = []
        if let base = agent.place.baseCommit.flatMap({ CommitID($0) }) { others.append(base) }
        if let main = try await repository.mainBranch(), main.rawValue != agent.place.branch,
            let tip = try await repository.branches().first(where: { $0.name == main })?.commit
        {
            others.append(tip)
        }
        return try await repository.firstParents(of: head, without: others, limit: Self.mostCommits)
    }

    private func summary(of run: PipelineRun) async throws -> ProvenanceNote.Run {
        var answers: [ProvenanceNote.Answer] = []
        for stage in run.stages {
            for approval in try await context.store.approvals(run: run.id, stage: stage.name) {
                guard let answer = approval.answer else { continue }
                answers.append(
                    ProvenanceNote.Answer(
                        stage: stage.name, decision: answer.decision.rawValue, by: answer.by,
                        through: answer.through, at: answer.at.iso8601, reason: answer.reason))
            }
        }
        return ProvenanceNote.Run(
            id: run.id, pipeline: run.pipeline, state: run.state.rawValue,
            passed: run.stages.filter { $0.state == .completed }.map(\.name),
            failed: run.stages.filter { $0.state == .failed }.map(\.name), approvals: answers)
    }

    /// A commit and what its note says; nil: no agent made it, or no run has ended since.
    public struct Finding: Sendable {
        public var commit: CommitSummary
        public var note: ProvenanceNote?
        /// Lines of the file that was asked for.
        public var lines: Int?
    }

    /// The commits that the lines of a file are from, with their notes, those with the most lines first.
    ///
    /// `lines` as `git blame -L` takes it; nil: all.
    public func findings(file: String, lines: String?) async throws -> [Finding] {
        let here = try await FleetContext.openRepository(context.surroundings)
        var findings: [Finding] = []
        for found in try await here.blame(file, lines: lines, in: context.surroundings.workingDirectory) {
            let text = try await here.note(on: found.commit.id, in: ProvenanceNote.reference)
            findings.append(
                Finding(
                    commit: found.commit, note: text.flatMap { ProvenanceNote(text: $0) }, lines: found.lines)
            )
        }
        return findings
    }

    /// The commits that `revisions` means, with their notes, the newest first.
    public func findings(_ revisions: String, limit: Int) async throws -> [Finding] {
        let here = try await FleetContext.openRepository(context.surroundings)
        var findings: [Finding] = []
        for commit in try await here.commits(meantBy: revisions, limit: limit) {
            let text = try await here.note(on: commit.id, in: ProvenanceNote.reference)
            findings.append(Finding(commit: commit, note: text.flatMap { ProvenanceNote(text: $0) }))
        }
        return findings
    }
}

extension PipelineRun {
    /// The commit that a run is about, if the run began because it was made in the subject's own checkout.
    fileprivate var commitOfItsOwn: CommitID? {
        guard let hook, ["post-commit", "post-rewrite"].contains(hook) else { return nil }
        return commit.flatMap { CommitID($0) }
    }
}
