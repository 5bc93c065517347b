internal import Core
internal import Fleet
internal import Store

/// What a decision calls the sessions that its commands are for.
struct SessionNames: Sendable {
    let context: FleetContext

    /// The decision with each command's `session` as the branch of its agent; nil means the task's own.
    ///
    /// It may be a branch, a session or an id of the fleet: one agent takes one command at a time, whatever it is called.
    /// A name of no agent stays, for an error that shows it.
    func resolved(_ decision: Decision, for branch: String) async -> Decision {
        var decision = decision
        for index in decision.commands.indices {
            guard let name = decision.commands[index].session,
                let agent = try? await context.store.agent(named: name)
            else { continue }
            guard agent.place.branch != branch else {
                decision.commands[index].session = nil
                continue
            }
            decision.commands[index].session = agent.place.branch
            if decision.commands[index].mode == nil, agent.program.kind == AgentKind.shell.rawValue {
                decision.commands[index].mode = .shell
            }
        }
        return decision
    }
}
