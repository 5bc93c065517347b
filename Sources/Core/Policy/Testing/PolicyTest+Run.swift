extension PolicyTest {
    /// Plays the table with the daemon's machine; the failures of the first step that fails, for later ones follow from it.
    public func run(_ policy: Policy) -> [PolicyTestFailure] {
        var rehearsal = PolicyRehearsal(
            policy: policy, facts: facts, classic: isClassic, hands: hands, at: Self.start)
        var told = 0
        for step in steps {
            switch step.time {
            case .at(let time): rehearsal.advance(to: Self.start.advanced(by: time))
            case .after(let time): rehearsal.advance(to: rehearsal.now.advanced(by: time))
            case nil: break
            }
            if let input = step.input, let problem = tell(input, &rehearsal) {
                return [failure(step.position, problem, rehearsal, expected: [], found: [])]
            }
            if rehearsal.isRunaway {
                return [
                    failure(
                        step.position, "the policy feeds itself without end", rehearsal, expected: [],
                        found: rehearsal.deeds.suffix(3).map(\.line))
                ]
            }
            guard let expected = step.expected else { continue }
            let failures = compare(expected, rehearsal, since: told)
            if expected.actions != nil { told = rehearsal.deeds.count }
            if !failures.isEmpty { return failures }
        }
        return []
    }

    /// What the step cannot do; nil if it was done.
    private func tell(_ input: Input, _ rehearsal: inout PolicyRehearsal) -> String? {
        switch input {
        case .signals(let bodies): rehearsal.receive(bodies)
        case .ended(let ending, let isShell):
            let item = rehearsal.underway.first { item in
                if case .shell = item.action { true } else { !isShell }
            }
            guard let item else {
                return "no \(isShell ? "shell action" : "action") is under way that could end"
            }
            rehearsal.end(item, ending)
        case .answer(let decision, let stage, let by, let reason):
            guard let question = rehearsal.questions.first(where: { stage == nil || $0.stage == stage })
            else {
                return stage.map { "stage \(PolicyText.quoted($0)) asks nothing" } ?? "nobody asks anything"
            }
            rehearsal.answer(
                question,
                ApprovalAnswer(decision: decision, by: by, through: "cli", at: rehearsal.now, reason: reason))
        case .reset(let pipeline, let stage): rehearsal.receive(.reset(pipeline: pipeline, stage: stage))
        case .retry(let pipeline): rehearsal.receive(.retry(pipeline: pipeline))
        case .removed: rehearsal.receive(.subjectGone)
        }
        return nil
    }

    private func compare(
        _ expected: Expectation, _ rehearsal: PolicyRehearsal, since told: Int
    ) -> [PolicyTestFailure] {
        var failures = expected.stages.compactMap { compare($0, rehearsal) }
        failures += expected.runs.compactMap { compare($0, rehearsal) }
        if let actions = expected.actions {
            let found = rehearsal.deeds[told...].compactMap(DoneAction.init)
            let fits =
                actions.count == found.count && zip(actions, found).allSatisfy { $1.fits($0) }
            if !fits {
                // What fits is shown in the test's own words, so that only real differences differ.
                let lines = found.enumerated().map { index, action in
                    actions.first { action.fits($0) }.map(\.line) ?? action.line
                }
                failures.append(
                    failure(
                        expected.actionsPosition, "actions", rehearsal, expected: actions.map(\.line),
                        found: lines))
            }
        }
        if let asked = expected.asked, asked != rehearsal.questions.map(\.question) {
            failures.append(
                failure(
                    expected.askedPosition, "questions", rehearsal, expected: asked,
                    found: rehearsal.questions.map(\.question)))
        }
        return failures
    }

    private func compare(_ wanted: Expectation.Stage, _ rehearsal: PolicyRehearsal) -> PolicyTestFailure? {
        let runs = rehearsal.machine.runs
        let parts = wanted.name.split(separator: "/", maxSplits: 1).map(String.init)
        let run =
            runs.last { $0.stages.contains { $0.name == wanted.name } }
            ?? (parts.count == 2 ? runs.last { $0.pipeline == parts[0] } : nil)
        let stage = run?.stages.first { $0.name == wanted.name || $0.name == parts.last }
        let what = "stage \(PolicyText.quoted(wanted.name))"
        guard let stage else {
            let line = Self.line(wanted.state, wanted.attempt, wanted.reason?.expression)
            return failure(wanted.position, what, rehearsal, expected: [line], found: ["no run has it"])
        }
        let fits =
            (wanted.state ?? stage.state) == stage.state
            && (wanted.attempt ?? stage.attempt) == stage.attempt
            && wanted.reason.map { $0.matches(stage.reason ?? "") } != false
        guard !fits else { return nil }
        let expected = Self.line(wanted.state, wanted.attempt, wanted.reason?.expression)
        let found = Self.line(
            stage.state, wanted.attempt == nil ? nil : stage.attempt, stage.reason ?? "no reason")
        return failure(wanted.position, what, rehearsal, expected: [expected], found: [found])
    }

    private static func line(_ state: StageState?, _ attempt: Int?, _ reason: String?) -> String {
        [state?.rawValue, attempt.map { "attempt \($0)" }, reason.map { PolicyText.excerpt($0) }]
            .compactMap(\.self).joined(separator: ", ")
    }

    private func compare(_ wanted: Expectation.Run, _ rehearsal: PolicyRehearsal) -> PolicyTestFailure? {
        let found = rehearsal.machine.runs.last { $0.pipeline == wanted.pipeline }?.state
        guard found != wanted.state else { return nil }
        return failure(
            wanted.position, "run of \(PolicyText.quoted(wanted.pipeline))", rehearsal,
            expected: [wanted.state?.rawValue ?? "none"], found: [found?.rawValue ?? "none"])
    }

    private func failure(
        _ position: PolicyPosition, _ what: String, _ rehearsal: PolicyRehearsal, expected: [String],
        found: [String]
    ) -> PolicyTestFailure {
        let time = rehearsal.now.distance(from: Self.start)
        return PolicyTestFailure(
            position: position, what: "\(what) at \(DurationText.text(time))", expected: expected,
            found: found)
    }
}

extension PolicyDeed {
    fileprivate var line: String { "\(pipeline)\(stage.map { "/\($0)" } ?? ""): \(words)" }
}

/// An action that was done, with the fields that a test may ask for.
private struct DoneAction {
    var key: String
    var fields: JSONObject

    init?(_ deed: PolicyDeed) {
        switch deed.kind {
        case .run, .stage, .asked, .ignored: return nil
        case .escalated(let code): (key, fields) = ("escalate", ["code": .string(code)])
        case .action(let action):
            switch action {
            case .sendKeys(let text, _): (key, fields) = ("send_keys", ["text": .string(text)])
            case .keys(let keys): (key, fields) = ("keys", ["keys": .array(keys.map { .string($0) })])
            case .shell(let command, let timeout, let environment):
                (key, fields) = (
                    "shell", ["run": .string(command), "timeout": .string(DurationText.text(timeout))]
                )
                var variables = JSONObject()
                for (name, value) in environment { variables[name] = .string(value) }
                fields["env"] = .object(variables)
            case .notify(let notice):
                (key, fields) = (
                    "notify",
                    [
                        "title": .string(notice.title), "body": .string(notice.body),
                        "severity": .string(notice.severity.rawValue),
                    ]
                )
            case .emit(let name, let payload):
                (key, fields) = ("emit", ["name": .string(name), "payload": .object(payload.object)])
            case .spawn(let branch, let template, let task):
                (key, fields) = ("spawn", ["branch": .string(branch)])
                fields["template"] = template.map { .string($0) }
                fields["task"] = task.map { .string($0) }
            case .answerDialog: return nil
            }
        }
    }

    func fits(_ expected: PolicyTest.Expectation.ExpectedAction) -> Bool {
        expected.key == key
            && expected.fields.keys.allSatisfy { name in
                guard let wanted = expected.fields[name], let value = fields[name] else { return false }
                guard name == "env", let wanted = wanted.object, let value = value.object else {
                    return wanted.equalsInPolicy(value)
                }
                return wanted.keys.allSatisfy { wanted[$0] == value[$0] }
            }
    }

    /// As short as a test would write it.
    var line: String {
        let primary = PolicyTest.Expectation.ExpectedAction.primary[key] ?? ""
        return PolicyTest.Expectation.ExpectedAction(
            key: key, fields: fields[primary].map { [primary: $0] } ?? fields
        ).line
    }
}

extension PolicyTest.Expectation.ExpectedAction {
    /// The field that stands for the whole action when only one value is written.
    public static let primary = [
        "send_keys": "text", "keys": "keys", "shell": "run", "notify": "title", "emit": "name",
        "spawn": "branch", "escalate": "code",
    ]

    /// `shell: make ship`, or with more than one field `notify: {"body":…,"title":…}`.
    public var line: String {
        if fields.count == 1, let primary = Self.primary[key], let value = fields[primary] {
            return "\(key): \(PolicyText.excerpt(value.string ?? value.serialized()))"
        }
        return "\(key): \(PolicyText.excerpt(JSONValue.object(fields).serialized(sorted: true)))"
    }
}
