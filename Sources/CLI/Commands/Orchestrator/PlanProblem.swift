internal import Core
internal import Orchestrator

/// Says what is wrong with a plan that was edited while it runs.
enum PlanProblem {
    static func hint(_ desk: TaskDesk, _ context: CommandContext) async throws {
        guard let problem = try await desk.problem() else { return }
        context.console.warning("The last good plan is in force: \(problem.message)")
        if let hint = problem.hint { context.console.hint(hint) }
    }
}
