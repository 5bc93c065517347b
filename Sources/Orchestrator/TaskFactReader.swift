internal import Core
internal import Fleet
internal import GitKit
internal import ProcessKit
internal import Store

/// Reads what is known of the agents and branches of tasks: from the database, the taps and git.
struct TaskFactReader: Sendable {
    let context: FleetContext

    /// The facts of each task that has begun.
    func read(_ tasks: [PlannedTask]) async throws -> [String: TaskFacts] {
        guard !tasks.isEmpty else { return [:] }
        let agents = Dictionary(
            try await context.store.agents().map { ($0.place.branch, $0) }
        ) { $1 }
        let runs = Dictionary(grouping: try await context.store.latestRuns(), by: \.subject)
        let seen = try await conditions()
        var facts: [String: TaskFacts] = [:]
        for task in tasks {
            guard let agent = agents[task.branch] else {
                facts[task.branch] = TaskFacts()
                continue
            }
            var known = TaskFacts()
            known.agent = agent.id
            let condition = seen?[agent.id] ?? agent.condition
            known.state = condition.state
            known.waitingFor = condition.waitingFor
            known.exitStatus = condition.exitStatus
            known.isShell = agent.program.kind == AgentKind.shell.rawValue
            known.printed = agent.tap.flatMap { Files.size($0) } ?? 0
            for run in (runs[agent.subject] ?? []).sorted(by: { $0.startedAt < $1.startedAt }) {
                if run.state == .queued || run.state == .running { known.hasOpenRun = true }
                guard run.state != .cancelled else { continue }
                for stage in run.stages { known.stages["\(run.pipeline)/\(stage.name)"] = stage.state }
            }
            await readGit(task, &known)
            facts[task.branch] = known
        }
        return facts
    }

    /// What the panes themselves say; nil while a daemon keeps that in the database.
    private func conditions() async throws -> [AgentID: AgentCondition]? {
        guard try !context.isWatched() else { return nil }
        var conditions: [AgentID: AgentCondition] = [:]
        for snapshot in try await SessionList(context: context).load() {
            conditions[snapshot.agent.id] = AgentCondition(
                snapshot.state, waitingFor: snapshot.waitingFor, exitStatus: snapshot.exitStatus,
                since: snapshot.since ?? snapshot.agent.condition.since)
        }
        return conditions
    }

    /// A branch that is not there yet has no facts.
    private func readGit(_ task: PlannedTask, _ facts: inout TaskFacts) async {
        let repository = context.repository
        facts.head = try? await repository.resolve("refs/heads/\(task.branch)").rawValue
        guard task.mustBeMerged, let branch = try? BranchName(task.branch) else { return }
        var base = context.configuration.worktree.base
        if base == nil { base = (try? await repository.mainBranch())?.rawValue }
        guard let base else { return }
        // A branch without a commit of its own is not merged: it has not begun.
        let agent = try? await context.store.agent(named: task.branch)
        guard facts.head != agent?.place.baseCommit else { return }
        facts.isMerged = (try? await repository.isMerged(branch, into: base)) ?? false
    }
}
