internal import Core
internal import Fleet
internal import GitKit
internal import Store

/// Makes the agent of a task, on a branch that begins where its dependencies ended.
struct TaskSpawning: Sendable {
    let context: FleetContext

    /// Finds the agent running, starts it again, or makes it.
    @concurrent func spawn(_ task: PlannedTask) async -> OrchestratorEvent {
        do {
            let known = try await context.store.agents().first { $0.place.branch == task.branch }
            var request = SpawnRequest(
                branch: task.branch, template: task.template, task: briefing(task), profile: task.agent)
            if known == nil {
                switch try await base(of: task) {
                case .some(.commit(let commit)): request.base = commit.rawValue
                case .some(.conflict(let branch, let files)):
                    let conflict = TaskStanding.Conflict(
                        dependency: branch.rawValue, files: Array(files.prefix(Self.mostFiles)))
                    return .conflicted(branch: task.branch, conflict: conflict)
                case nil: break
                }
            }
            let result = try await Spawner(context: context).spawn(request)
            return .spawned(branch: task.branch, agent: result.agent.id)
        } catch {
            let problem = error as? any UserFacingError
            let isForGood =
                problem.map { $0.exitStatus == .unusableSettings || $0.exitStatus == .refused } ?? false
            return .notSpawned(
                branch: task.branch, reason: problem?.message ?? "\(error)", again: !isForGood)
        }
    }

    /// More files in conflict are not kept.
    private static let mostFiles = 100

    /// The only dependency's branch; of several, the configured base with all of them merged in; nil: the configured base.
    private func base(of task: PlannedTask) async throws -> MergedBase? {
        let dependencies = try task.dependsOn.map { try BranchName($0) }
        if dependencies.count == 1 { return .commit(try await context.repository.resolve(task.dependsOn[0])) }
        guard !dependencies.isEmpty else { return nil }
        return try await context.repository.merged(
            dependencies, into: context.configuration.worktree.base ?? "HEAD")
    }

    private func briefing(_ task: PlannedTask) -> String? {
        guard task.task != nil || task.template != nil else { return nil }
        let title = task.title == task.branch ? nil : task.title
        return [title, task.task].compactMap(\.self).joined(separator: "\n\n")
    }
}
