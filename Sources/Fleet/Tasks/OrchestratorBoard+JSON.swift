public import Core
public import Store

extension OrchestratorBoard.Row {
    /// As `tasks list --json` and the HTTP interface show it.
    public var json: JSONValue {
        let (task, standing) = (self.task.task, self.task.standing)
        var object: JSONObject = ["branch": .string(task.branch), "title": .string(task.title)]
        object.set("state", self.task.state.rawValue)
        object.set("status", status)
        object.set("phase", standing?.phase)
        object.set("since", standing?.since)
        object.set("reason", standing?.reason)
        object.set("blocked_by", blockedBy)
        object.set("held", standing?.isHeld ?? false)
        object.set("paused", standing?.pause?.reason.rawValue)
        object.set("paused_why", standing?.pause?.detail)
        object.set("agent", standing?.facts.agent?.rawValue)
        object.set("agent_state", standing?.facts.state?.rawValue)
        object.set("priority", task.priority)
        object.set("source", self.task.source.rawValue)
        object.set("responsible", task.responsible)
        object.set("summary", standing?.deciding.summary)
        object.set("decider_error", standing?.deciding.lastError)
        object["blockers"] = .array((standing?.deciding.blockers ?? []).map { .string($0) })
        object["depends_on"] = .array(task.dependsOn.map { .string($0) })
        object["stages"] = .array(task.stages.map { .string($0) })
        object["tags"] = .array(task.tags.map { .string($0) })
        object["queue"] = .array(commands.map { .object($0.queueObject) })
        return .object(object)
    }
}

extension QueuedCommand {
    /// As `tasks commands --json` shows it.
    public var json: JSONValue {
        var object = queueObject
        object["branch"] = .string(branch)
        object.set("session", content.session)
        object.set("notes", content.notes)
        object.set("created_at", createdAt)
        object.set("started_at", startedAt)
        object.set("ended_at", endedAt)
        object.set("exit_code", exitCode.map(Int.init))
        return .object(object)
    }

    fileprivate var queueObject: JSONObject {
        var object: JSONObject = ["id": .string(id), "text": .string(content.shownText)]
        object.set("state", state.rawValue)
        object.set("risk_level", content.risk.rawValue)
        object.set("approval", approval?.rawValue)
        object.set("tries", tries)
        object.set("due_at", dueAt)
        object.set("detail", detail)
        return object
    }
}
