internal import Core

// What must hold after a step.
extension PolicyTestDecoder {
    func expectation(_ node: DocumentNode) -> PolicyTest.Expectation? {
        guard let keys = values.mapping(node, as: "expect") else { return nil }
        var expected = PolicyTest.Expectation()
        if let stages = keys.node("stages"), let map = values.mapping(stages, as: "stages") {
            expected.stages = (map.node.entries ?? []).compactMap(stage)
        }
        if let runs = keys.node("runs"), let map = values.mapping(runs, as: "runs") {
            expected.runs = (map.node.entries ?? []).compactMap(run)
        }
        if let actions = keys.entry("actions"), !actions.value.isNull {
            expected.actions = (keys.array("actions") ?? []).flatMap(self.actions)
            expected.actionsPosition = actions.keyPosition.inPolicy
        }
        if let asked = keys.entry("asked"), !asked.value.isNull {
            expected.asked = keys.strings("asked")
            expected.askedPosition = asked.keyPosition.inPolicy
        }
        if node.entries?.isEmpty == true {
            problems.error(
                "'expect' is empty", at: node.position,
                suggestion: "Write 'stages', 'runs', 'actions' or 'asked' below it")
        }
        keys.finish()
        return expected
    }

    /// `lint: COMPLETED`, or `lint: {state: FAILED, attempt: 3, reason: "exit code 2"}`.
    private func stage(_ entry: DocumentEntry) -> PolicyTest.Expectation.Stage? {
        let position = entry.keyPosition.inPolicy
        guard entry.value.entries != nil else {
            let state: StageState? = values.choice(entry.value, as: entry.key)
            return state.map { .init(name: entry.key, state: $0, position: position) }
        }
        guard let keys = values.mapping(entry.value, as: "a stage") else { return nil }
        let stage = PolicyTest.Expectation.Stage(
            name: entry.key, state: keys.choice("state"), attempt: keys.integer("attempt"),
            reason: conditions.pattern(keys, "reason"), position: position)
        keys.finish()
        return stage
    }

    private func run(_ entry: DocumentEntry) -> PolicyTest.Expectation.Run? {
        let position = entry.keyPosition.inPolicy
        if entry.value.value == .string("none") {
            return .init(pipeline: entry.key, state: nil, position: position)
        }
        let state: PipelineRun.State? = values.choice(entry.value, as: entry.key)
        return state.map { .init(pipeline: entry.key, state: $0, position: position) }
    }

    /// Each key of an entry is one action: `shell: make ship`, or `notify: {title: …, severity: critical}`.
    private func actions(_ node: DocumentNode) -> [PolicyTest.Expectation.ExpectedAction] {
        guard let entries = values.mapping(node, as: "an action")?.node.entries else { return [] }
        let known = PolicyTest.Expectation.ExpectedAction.primary
        return entries.compactMap { entry in
            guard let primary = known[entry.key] else {
                values.unknown(
                    entry.key, what: "there is no action", among: known.keys.sorted(), at: entry.keyPosition)
                return nil
            }
            guard let fields = entry.value.json.object else {
                let value: JSONValue =
                    entry.value.elements == nil ? .string(entry.value.text) : entry.value.json
                let isSingleKey = entry.key == "keys" && entry.value.elements == nil
                return .init(key: entry.key, fields: [primary: isSingleKey ? [value] : value])
            }
            return .init(key: entry.key, fields: fields)
        }
    }
}
