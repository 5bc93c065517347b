internal import Core
internal import Fleet
internal import GitKit
internal import Store
internal import SystemPackage

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
                    return .conflicted(branch: task.branch, conflict: Self.conflict(branch, files))
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

    /// What would come of merging the dependencies as their branches are now; nil where nothing is to be merged.
    ///
    /// Whatever git makes for it is made in `scratch`, an empty folder.
    func forecast(_ task: PlannedTask, scratch: FilePath) async -> BaseForecast? {
        guard task.dependsOn.count > 1 else { return nil }
        do {
            return try await tryMerge(task, scratch)
        } catch {
            return .untried(reason: (error as? any UserFacingError)?.message ?? "\(error)")
        }
    }

    private func tryMerge(_ task: PlannedTask, _ scratch: FilePath) async throws -> BaseForecast {
        var branches: [BranchName] = []
        var missing: [String] = []
        for name in task.dependsOn {
            let branch = try BranchName(name)
            if (try? await context.repository.resolve("refs/heads/\(name)")) == nil { missing.append(name) }
            branches.append(branch)
        }
        guard missing.isEmpty else { return .unknown(missing: missing) }
        switch try await context.repository.merged(branches, into: start, scratch: scratch) {
        case .commit: return .merges
        case .conflict(let branch, let files): return .conflict(Self.conflict(branch, files))
        }
    }

    private var start: String { context.configuration.worktree.base ?? "HEAD" }

    private static func conflict(_ branch: BranchName, _ files: [String]) -> TaskStanding.Conflict {
        TaskStanding.Conflict(dependency: branch.rawValue, files: Array(files.prefix(mostFiles)))
    }

    /// More files in conflict are not kept.
    private static let mostFiles = 100

    /// The only dependency's branch; of several, the configured base with all of them merged in; nil: the configured base.
    private func base(of task: PlannedTask) async throws -> MergedBase? {
        let dependencies = try task.dependsOn.map { try BranchName($0) }
        if dependencies.count == 1 {
            // A tag of that name is another thing.
            return .commit(try await context.repository.resolve("refs/heads/\(task.dependsOn[0])"))
        }
        guard !dependencies.isEmpty else { return nil }
        return try await context.repository.merged(dependencies, into: start)
    }

    private func briefing(_ task: PlannedTask) -> String? {
        guard task.task != nil || task.template != nil else { return nil }
        let title = task.title == task.branch ? nil : task.title
        return [title, task.task].compactMap(\.self).joined(separator: "\n\n")
    }
}

/// What merging the dependencies of a task would come to, as their branches are now.
enum BaseForecast: Sendable, Equatable {
    case merges
    case conflict(TaskStanding.Conflict)
    /// These branches do not exist yet.
    case unknown(missing: [String])
    case untried(reason: String)

    /// Behind a reason why a task begins.
    var words: String {
        switch self {
        case .merges: "its dependencies can be merged, as they are now"
        case .conflict(let conflict): "'\(conflict.dependency)' conflicts, as it is now"
        case .untried(let reason): "whether its dependencies can be merged is not known: \(reason)"
        case .unknown(let missing):
            "whether its dependencies can be merged is not known: "
                + missing.map { "'\($0)'" }.joined(separator: ", ")
                + (missing.count == 1 ? " does not exist yet" : " do not exist yet")
        }
    }
}
