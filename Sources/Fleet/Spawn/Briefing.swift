internal import Config
public import Core
public import Store
internal import SystemPackage

/// What an agent is told first: its template, then its task.
public enum Briefing {
    /// The order by which the daemon delivers what a spawn could not; nil when there was nothing to say.
    ///
    /// It has the spawn's own id: whoever types it first, it is typed once.
    /// Throws when the agent's template is gone or cannot be read.
    public static func order(
        for agent: Agent, in context: FleetContext, at now: Timestamp
    ) throws -> OutboxItem? {
        guard let text = try text(for: agent, in: context) else { return nil }
        return OutboxItem(
            id: id(for: agent), subject: agent.subject, run: nil, stage: nil, attempt: 1,
            action: .sendKeys(text: text, enter: true), createdAt: now, dueAt: now)
    }

    /// Throws when the agent's template is gone or cannot be read.
    static func text(for agent: Agent, in context: FleetContext) throws -> String? {
        let template = try agent.program.template.map { try context.templates().template(named: $0) }
        return text(
            template, branch: agent.place.branch, task: agent.program.task,
            worktree: agent.place.worktree.string)
    }

    static func text(_ template: Template?, branch: String, task: String?, worktree: String) -> String? {
        template.map { $0.briefing(BriefingValues(branch: branch, task: task, worktree: worktree)) } ?? task
    }

    /// Under it tmux remembers that the briefing of this start was typed.
    static func id(for agent: Agent) -> OutboxID {
        OutboxID("spawn/\(agent.id)/\(agent.generation)/briefing")
    }
}
