internal import Approvals
internal import Core
internal import Fleet
internal import GitKit
internal import Store

/// The board as programs read it; keys are added, never renamed.
extension Board {
    /// `GET /api/overview`: the first four keys are those of the Python tool.
    var overview: JSONObject {
        var summary: [String: Int] = [:]
        for stage in runs.flatMap(\.run.stages) { summary[stage.state.rawValue, default: 0] += 1 }
        var counts = JSONObject()
        for (state, count) in self.counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            counts[state.rawValue] = .integer(Int64(count))
        }
        return [
            "summary": .object(summary.sorted { $0.key < $1.key }.asJSON),
            "stages": .array(stages), "agents": .array(agents.map(\.json)),
            "approvals": .array(approvals.map(\.json)), "at": .string(at.iso8601), "fleet": .string(fleet),
            "watched": .bool(isWatched), "counts": .object(counts),
        ]
    }

    /// Every stage of the last run of each subject and pipeline.
    private var stages: [JSONValue] {
        let panes = Dictionary(
            agents.compactMap { agent in
                agent.snapshot.agent.pane.map { (agent.snapshot.agent.subject, $0.pane.description) }
            }
        ) { $1 }
        return runs.flatMap { run in
            run.run.stages.map { stage in
                var object: JSONObject = ["host": "local", "pipeline": .string(run.run.pipeline)]
                object.set("pane_id", panes[run.run.subject])
                if case .pane(let pane) = run.run.subject {
                    object.set("host", pane.host)
                    object.set("pane_id", pane.pane.description)
                }
                object.set("branch", run.branch)
                object.set("run", run.run.id.rawValue)
                object.set("stage", stage.name)
                object.set("status", stage.state.rawValue)
                object.set("retries", max(0, stage.attempt - 1))
                object.set("updated_at", Int(stage.since.milliseconds / 1000))
                object.set("updated_at_display", stage.since)
                object.set("details", stage.reason)
                return .object(object)
            }
        }
    }

    /// `GET /api/dashboard`: everything at once, under the names of the Python tool.
    var dashboard: JSONObject {
        [
            "board": .object(overview), "projects": .array(runs.map(\.json)),
            "pane_activity": .array(journal.map(\.json)), "agent_sessions": sessions["sessions"] ?? .null,
            "panes": panesJSON["panes"] ?? .null, "orchestrator": orchestrator,
            "notices": .array(notices.map(\.json)), "policy": policy.json,
        ]
    }

    /// As `tasks list --json`; null without a plan.
    private var orchestrator: JSONValue {
        guard !tasks.isEmpty else { return .null }
        return ["orchestrated": .bool(isOrchestrated), "tasks": .array(tasks.map(\.json))]
    }

    var panesJSON: JSONObject { ["panes": .array(agentsWithPanes.compactMap(\.pane) + panes.map(\.json))] }
    var sessions: JSONObject { ["sessions": .array(agents.map(\.session) + panes.map(\.json))] }

    /// `GET /api/notifications` without a time: the newest last, as the Python tool's console reads them.
    var notifications: JSONObject {
        notices.notifications(isComplete: notices.count < BoardReader.notices)
    }
}

extension [BoardNotice] {
    /// Of messages with the newest first; `isComplete`: no older ones were left out.
    func notifications(isComplete: Bool) -> JSONObject {
        ["items": .array(reversed().map(\.json)), "complete": .bool(isComplete)]
    }
}

extension [(key: String, value: Int)] {
    fileprivate var asJSON: JSONObject {
        var object = JSONObject()
        for (key, value) in self { object[key] = .integer(Int64(value)) }
        return object
    }
}

extension BoardAgent {
    var json: JSONValue {
        guard case .object(var object) = snapshot.json else { return snapshot.json }
        object.set("last_line", lastLine)
        return .object(object)
    }

    /// As the phone console's picker shows it.
    var session: JSONValue {
        let agent = snapshot.agent
        var object: JSONObject = ["branch": .string(agent.place.branch), "host": "local"]
        object.set("session", agent.place.session.rawValue)
        object.set("agent", agent.id.rawValue)
        object.set("pane_id", agent.pane?.pane.description)
        object.set("state", snapshot.state.rawValue)
        object.set("waiting_for", snapshot.waitingFor?.rawValue)
        return .object(object)
    }

    /// Nil for an agent that never had one.
    var pane: JSONValue? {
        let agent = snapshot.agent
        guard let pane = agent.pane?.pane.description else { return nil }
        var object: JSONObject = ["pane_id": .string(pane), "host": "local"]
        object.set("agent", agent.id.rawValue)
        object.set("branch", agent.place.branch)
        object.set("session", agent.place.session.rawValue)
        object.set("state", snapshot.state.rawValue)
        object.set("last_line", lastLine)
        return .object(object)
    }
}

extension BoardPane {
    /// With the keys of an agent's pane and of a session.
    var json: JSONValue {
        var object: JSONObject = ["host": .string(watched.pane.host)]
        object.set("pane_id", watched.pane.pane.description)
        object.set("agent", id)
        object.set("branch", watched.place)
        object.set("session", watched.session)
        object.set("state", state.rawValue)
        object.set("waiting_for", String?.none)
        object.set("last_line", lastLine)
        return .object(object)
    }
}

extension BoardApproval {
    var json: JSONValue {
        let question = ApprovalQuestion(approval, branch: branch).json
        guard case .object(var object) = question else { return question }
        object["channels"] = .array(channels.map { .string($0) })
        return .object(object)
    }
}

extension BoardRun {
    var json: JSONValue {
        var object: JSONObject = ["run": .string(run.id.rawValue), "pipeline": .string(run.pipeline)]
        object.set("branch", branch)
        object.set("state", run.state.rawValue)
        object.set("commit", run.commit)
        object.set("started_at", run.startedAt)
        object.set("ended_at", run.endedAt)
        object["stages"] = .array(
            run.stages.map { stage in
                var object: JSONObject = ["name": .string(stage.name)]
                object.set("status", stage.state.rawValue)
                object.set("attempt", stage.attempt)
                object.set("since", stage.since)
                object.set("reason", stage.reason)
                return .object(object)
            })
        return .object(object)
    }
}

extension BoardEntry {
    var json: JSONValue {
        var object: JSONObject = ["id": .integer(entry.id), "at": .string(entry.at.iso8601)]
        object.set("kind", entry.kind.rawValue)
        object.set("source", entry.draft.source)
        object.set("subject", entry.subject.key)
        object.set("branch", branch)
        object.set("run", entry.draft.run?.rawValue)
        object.set("stage", entry.draft.stage)
        object["payload"] = .object(entry.payload)
        return .object(object)
    }
}

extension BoardNotice {
    /// `ts` in seconds, as on the local bus.
    var json: JSONValue {
        var states = JSONObject()
        for (channel, state) in deliveries.sorted(by: { $0.key < $1.key }) {
            states[channel] = .string(state)
        }
        var object: JSONObject = ["id": .string(id), "ts": .number(Double(at.milliseconds) / 1000)]
        object.set("title", notice.title)
        object.set("body", notice.body)
        object.set("severity", notice.severity.rawValue)
        object.set("branch", branch)
        object.set("at", at)
        object["deliveries"] = .object(states)
        return .object(object)
    }
}

extension BoardPolicy {
    var json: JSONValue {
        var object: JSONObject = [
            "principles": .array((policy?.principles ?? []).map { .string($0) }),
            "pipelines": .array((policy?.pipelines ?? []).map { .string($0.name) }),
        ]
        object.set("problem", problem)
        return .object(object)
    }
}
