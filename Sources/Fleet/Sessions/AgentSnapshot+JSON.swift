public import Core
internal import Store
internal import SystemPackage

extension AgentSnapshot {
    /// As `sessions --json` and the HTTP interface show it.
    public var json: JSONValue {
        var object: JSONObject = ["id": .string(agent.id.rawValue), "branch": .string(agent.place.branch)]
        object.set("state", state.rawValue)
        object.set("waiting_for", waitingFor?.rawValue)
        object.set("exit_status", exitStatus.map { Int($0) })
        object.set("since", since)
        object.set("stage", stage?.stage)
        object.set("stage_state", stage?.state.rawValue)
        object.set("pipeline", stage?.pipeline)
        object.set("run_state", stage?.runState.rawValue)
        object.set("pending_approvals", pendingApprovals)
        object.set("spawn", spawn.rawValue)
        object.set("template", agent.program.template)
        object.set("model", agent.program.model)
        object.set("task", agent.program.task)
        object.set("session", agent.place.session.rawValue)
        object.set("pane", agent.pane?.pane.description)
        object.set("worktree", agent.place.worktree.string)
        object.set("ahead", ahead)
        object.set("behind", behind)
        object.set("dirty", isDirty)
        object.set("facts_at", factsAt)
        object.set("created_at", agent.createdAt)
        return .object(object)
    }
}
