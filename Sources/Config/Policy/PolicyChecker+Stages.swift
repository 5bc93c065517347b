internal import Core

// Stages that cannot start, cannot succeed, or wait for one another.
extension PolicyChecker {
    func checkStages(of pipeline: Pipeline) {
        var reachable: [String: Bool] = [:]
        for (index, stage) in pipeline.stages.enumerated() {
            checkTests(of: stage, at: index, in: pipeline)
            checkExitCodes(of: stage)
            checkTimeout(of: stage)
            checkEscalations(of: stage)
            let canStart = stage.triggers.map { canHold($0, stage, reachable, isTrigger: true) } ?? true
            if !canStart {
                problems.error(
                    "stage \(shown(stage.name)) can never start: its triggers cannot come true",
                    at: place(stage.position),
                    suggestion:
                        "Mend the stages that it waits for, or remove 'triggers' so that it follows the stage before it"
                )
            }
            let canSucceed =
                stage.successWhen.map { canHold($0, stage, reachable, isTrigger: false) } ?? !context
                .isClassic
            reachable[stage.name] = canStart && canSucceed
            if context.isClassic, stage.successWhen == nil, index + 1 < pipeline.stages.count {
                problems.warning(
                    "stage \(shown(stage.name)) has no 'success_when' and so never completes outside a fleet; "
                        + "\(shown(pipeline.stages[index + 1].name)) is never reached",
                    at: place(stage.position), suggestion: "Add 'success_when'")
            }
        }
    }

    /// As success an exit code is that of all shell actions, so of two that are asked for one never comes.
    private func checkExitCodes(of stage: Stage) {
        guard case .all(let parts)? = stage.successWhen else { return }
        var first: Int32?
        for case .test(.exitCode(let code), let position) in parts {
            guard let former = first, former != code else {
                first = code
                continue
            }
            problems.error(
                "stage \(shown(stage.name)) can never succeed: all its commands would have to end with \(former) and with \(code)",
                at: place(position), suggestion: "Write them as a list, of which one is enough")
        }
    }

    private func checkTimeout(of stage: Stage) {
        guard let limit = stage.timeout else { return }
        for case .shell(_, let timeout) in stage.actionsOnStart
        where timeout > limit && timeout != StageAction.standardShellTimeout {
            problems.warning(
                "a command of stage \(shown(stage.name)) may take \(DurationText.text(timeout)), but the stage ends after \(DurationText.text(limit))",
                at: place(stage.position))
        }
    }

    private func checkTests(of stage: Stage, at index: Int, in pipeline: Pipeline) {
        let hasShell = stage.actionsOnStart.contains { if case .shell = $0 { true } else { false } }
        let parts = [
            (stage.triggers, "triggers"), (stage.successWhen, "success_when"), (stage.failWhen, "fail_when"),
        ]
        for (condition, key) in parts {
            for (test, position) in condition?.tests ?? [] {
                switch test {
                case .logRegex(let pattern): checkCost(of: pattern, at: position)
                case .afterStageSuccess(let name):
                    checkReference(to: name, position, from: stage, index, pipeline)
                case .exitCode where key == "triggers":
                    problems.error(
                        "'exit_code' cannot start a stage: it is that of the stage's own shell action",
                        at: place(position),
                        suggestion: "Put it under 'success_when' of the stage with the action")
                case .exitCode where !hasShell:
                    problems.error(
                        "stage \(shown(stage.name)) has no shell action, so no 'exit_code' ever comes",
                        at: place(position), suggestion: "Add '- shell: …' to 'actions_on_start'")
                case .messageType, .marker, .exitCode, .agentState, .gitHook, .signal, .after: break
                }
            }
        }
    }

    private func checkReference(
        to name: String, _ position: PolicyPosition, from stage: Stage, _ index: Int, _ pipeline: Pipeline
    ) {
        let names = pipeline.stages.map(\.name)
        guard let target = names.firstIndex(of: name) else {
            problems.error(
                "there is no stage \(shown(name)) in pipeline \(shown(pipeline.name))", at: place(position),
                suggestion: didYouMean(name, among: names).map { "Did you mean '\($0)'?" }
                    ?? "Stages of this pipeline: \(names.joined(separator: ", "))")
            return
        }
        guard name != stage.name else {
            problems.error(
                "stage \(shown(name)) waits for its own success", at: place(position),
                suggestion: "Name an earlier stage, or remove the condition")
            return
        }
        guard target > index else { return }
        let needsBack = pipeline.stages[target].triggers?.tests.contains { test, _ in
            test == .afterStageSuccess(stage.name)
        }
        problems.error(
            needsBack == true
                ? "stages \(shown(stage.name)) and \(shown(name)) wait for each other"
                : "stage \(shown(stage.name)) waits for \(shown(name)), which comes after it",
            at: place(position), suggestion: "Stages run in the order of the file; move one of them")
    }

    /// Whether anything can make the condition true, given which earlier stages can succeed.
    private func canHold(
        _ condition: Condition, _ stage: Stage, _ reachable: [String: Bool], isTrigger: Bool
    ) -> Bool {
        switch condition {
        case .any(let parts): return parts.contains { canHold($0, stage, reachable, isTrigger: isTrigger) }
        case .all(let parts): return parts.allSatisfy { canHold($0, stage, reachable, isTrigger: isTrigger) }
        case .test(let test, _):
            switch test {
            case .afterStageSuccess(let name): return reachable[name] == true
            case .exitCode:
                return !isTrigger
                    && stage.actionsOnStart.contains { if case .shell = $0 { true } else { false } }
            case .logRegex, .messageType, .marker, .agentState, .gitHook, .signal, .after: return true
            }
        }
    }
}
