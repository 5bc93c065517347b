internal import Core

// What a step tells the policy.
extension PolicyTestDecoder {
    /// The signal that a key of a step stands for; nil for keys that are none.
    func signal(_ entry: DocumentEntry) -> Signal.Body? {
        switch entry.key {
        case "line": return values.string(entry.value, as: "line").map(Signal.Body.line)
        case "marker": return marker(entry.value)
        case "signal": return named(entry.value)
        case "agent_state": return state(entry.value)
        case "git_hook": return hook(entry.value)
        default: return nil
        }
    }

    private func marker(_ node: DocumentNode) -> Signal.Body? {
        if case .string(let type) = node.value, !type.isEmpty {
            return .marker(Marker(payload: ["type": .string(type)]), source: "screen")
        }
        guard let payload = node.json.object, !payload.isEmpty else {
            values.mismatch(
                node, "marker", takes: "the payload of a marker",
                suggestion: "Write {type: STATUS, stage: lint, ok: true}")
            return nil
        }
        return .marker(Marker(payload: payload), source: "screen")
    }

    private func named(_ node: DocumentNode) -> Signal.Body? {
        guard node.entries != nil else {
            return conditions.word(node, as: "signal").map {
                .named($0, payload: JSONObjectBox(JSONObject()))
            }
        }
        guard let keys = values.mapping(node, as: "signal") else { return nil }
        let name = keys.requiredString("name")
        let payload = keys.node("payload")?.json.object ?? JSONObject()
        keys.finish()
        return name.map { .named($0, payload: JSONObjectBox(payload)) }
    }

    private func state(_ node: DocumentNode) -> Signal.Body? {
        guard node.entries != nil else {
            return values.choice(node, as: "agent_state", of: AgentState.self).map {
                .state($0, waitingFor: nil, exitStatus: nil)
            }
        }
        guard let keys = values.mapping(node, as: "agent_state") else { return nil }
        let state: AgentState? = keys.choice("state")
        let waitingFor: WaitingFor? = keys.choice("waiting_for")
        let exit = keys.integer("exit_status", in: 0...255)
        keys.finish()
        return state.map { .state($0, waitingFor: waitingFor, exitStatus: exit.map { Int32($0) }) }
    }

    private func hook(_ node: DocumentNode) -> Signal.Body? {
        guard node.entries != nil else {
            return conditions.hookName(node).map { event($0, nil) }
        }
        guard let keys = values.mapping(node, as: "git_hook") else { return nil }
        let name = keys.node("name").flatMap(conditions.hookName)
        if !keys.contains("name") {
            problems.error("git_hook has no 'name'", at: node.position, suggestion: "Add 'name: post-commit'")
        }
        let body = name.map { event($0, keys) }
        keys.finish()
        return body
    }

    private func event(_ name: String, _ keys: MappingDecoder?) -> Signal.Body {
        .gitHook(
            GitHookEvent(
                name: name, branch: keys?.string("branch") ?? "feature/test",
                commit: keys?.string("commit"), paths: keys?.strings("paths") ?? [],
                insideRun: keys?.bool("inside_run") == true ? RunID("run-of-the-action") : nil))
    }

    /// `failed`, or `{state: uncertain, detail: …}`.
    func ending(_ node: DocumentNode) -> RehearsedHands.Ending? {
        guard node.entries != nil else {
            return values.choice(node, as: "ended", of: EndedState.self).map {
                RehearsedHands.Ending($0.state)
            }
        }
        guard let keys = values.mapping(node, as: "ended") else { return nil }
        let state: EndedState? = keys.choice("state")
        let detail = keys.string("detail")
        keys.finish()
        return state.map { RehearsedHands.Ending($0.state, detail: detail) }
    }

    private enum EndedState: String, CaseIterable {
        case done, failed, uncertain

        var state: OutboxItem.State {
            switch self {
            case .done: .done
            case .failed: .failed
            case .uncertain: .uncertain
            }
        }
    }

    /// `true`, the name of the stage that asks, or `{stage, by, reason}`.
    func answer(_ decision: ApprovalAnswer.Decision, _ node: DocumentNode) -> PolicyTest.Input {
        let name = decision == .approve ? "approve" : "reject"
        if case .bool = node.value { return .answer(decision, stage: nil, by: "ana", reason: nil) }
        guard node.entries != nil else {
            return .answer(decision, stage: values.string(node, as: name), by: "ana", reason: nil)
        }
        guard let keys = values.mapping(node, as: name) else {
            return .answer(decision, stage: nil, by: "ana", reason: nil)
        }
        let stage = keys.string("stage")
        let by = keys.string("by")
        let reason = keys.string("reason")
        keys.finish()
        return .answer(decision, stage: stage, by: by ?? "ana", reason: reason)
    }

    /// `reset: true`, `reset: {stage: test}`, `retry: true`, `retry: {pipeline: ci}`.
    func request(_ entry: DocumentEntry) -> PolicyTest.Input? {
        let isReset = entry.key == "reset"
        if case .bool(true) = entry.value.value {
            return isReset ? .reset(pipeline: nil, stage: nil) : .retry(pipeline: nil)
        }
        guard let keys = values.mapping(entry.value, as: entry.key) else { return nil }
        let pipeline = keys.string("pipeline")
        let stage = isReset ? keys.string("stage") : nil
        keys.finish()
        return isReset ? .reset(pipeline: pipeline, stage: stage) : .retry(pipeline: pipeline)
    }
}
