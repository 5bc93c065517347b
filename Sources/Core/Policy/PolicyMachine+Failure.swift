// What follows a failure, and what follows an answer.
extension PolicyMachine {
    /// Ends an attempt and works through `on_fail`.
    mutating func fail(
        _ index: Int, _ stage: Int, _ reason: String, signal: Signal?, _ turn: inout Turn
    ) {
        close(index, stage, &turn)
        runs[index].stages[stage].memory.failure = reason
        runs[index].stages[stage].memory.seen = []
        runs[index].stages[stage].memory.success = nil
        workThroughFailure(index, stage, signal, &turn, isNew: true)
    }

    private mutating func workThroughFailure(
        _ index: Int, _ stage: Int, _ signal: Signal?, _ turn: inout Turn, isNew: Bool
    ) {
        guard let definition = definition(index, stage) else { return }
        let steps = definition.failure.steps
        let reason = runs[index].stages[stage].memory.failure ?? "failed"
        var isTold = !isNew
        while runs[index].stages[stage].memory.failureStep < steps.count {
            let number = runs[index].stages[stage].memory.failureStep
            if case .retry(let plan) = steps[number] {
                if runs[index].stages[stage].memory.retries < plan.max {
                    retryLater(plan, index, stage, reason, signal, &turn)
                    return
                }
            } else if !isTold {
                isTold = true
                tellFailure(definition, reason, index, stage, &turn)
            }
            switch steps[number] {
            case .retry: break
            case .askHuman(let request):
                move(
                    index, stage, to: .waitingApproval, "failed, and a person decides: \(reason)",
                    signal: signal, &turn)
                let question = request.prompt ?? "Stage \(PolicyText.quoted(definition.name)) failed. Go on?"
                ask(request, .afterFailure, question, index, stage, &turn)
                return
            case .escalate(let code): escalate(code, number, reason, index, stage, &turn)
            }
            runs[index].stages[stage].memory.failureStep += 1
            runs[index].stages[stage].memory.retries = 0
        }
        if !isTold { tellFailure(definition, reason, index, stage, &turn) }
        giveUp(index, stage, reason, continues: definition.failure.continues, signal, &turn)
    }

    private mutating func giveUp(
        _ index: Int, _ stage: Int, _ reason: String, continues: Bool, _ signal: Signal?, _ turn: inout Turn
    ) {
        if continues { runs[index].stages[stage].memory.isPassed = true }
        move(index, stage, to: .failed, reason, signal: signal, &turn)
        if continues {
            proceed(index, &turn)
        } else {
            end(
                index, .failed,
                "stage \(PolicyText.quoted(runs[index].stages[stage].name)) failed: \(reason)", &turn)
        }
    }

    private mutating func retryLater(
        _ plan: RetryPlan, _ index: Int, _ stage: Int, _ reason: String, _ signal: Signal?,
        _ turn: inout Turn
    ) {
        runs[index].stages[stage].memory.retries += 1
        let number = runs[index].stages[stage].memory.retries
        let due = turn.time.advanced(by: plan.pause(before: number))
        let why = "retry \(number) of \(plan.max) after: \(reason)"
        guard due > turn.time else {
            start(index, stage, why, signal: signal, isRepeated: true, &turn)
            return
        }
        runs[index].stages[stage].memory.retryAt = due
        move(index, stage, to: .waitingTrigger, "\(why); at \(due.iso8601)", signal: signal, &turn)
    }

    private mutating func escalate(
        _ code: String, _ number: Int, _ reason: String, _ index: Int, _ stage: Int, _ turn: inout Turn
    ) {
        let name = runs[index].stages[stage].name
        let place = facts.branch.map { " on \($0)" } ?? ""
        let notice = Notice(
            title:
                "Stage \(PolicyText.quoted(name)) of \(PolicyText.quoted(runs[index].pipeline)) failed\(place)",
            body: reason, severity: .critical)
        turn.effects.append(
            .escalate(
                key("escalate", number, index, stage), code: code, notice: notice, run: runs[index].id,
                stage: name))
    }

    private mutating func tellFailure(
        _ definition: Stage, _ reason: String, _ index: Int, _ stage: Int, _ turn: inout Turn
    ) {
        guard let notice = definition.notices.onFail else { return }
        tell(notice, "notify-fail", index, stage, error: reason, &turn)
    }

    /// Takes the answer to the stage's open question.
    mutating func answered(_ answer: ApprovalAnswer, _ index: Int, _ stage: Int, _ turn: inout Turn) {
        guard let definition = definition(index, stage) else { return }
        runs[index].stages[stage].memory.question = nil
        let words = answer.policyWords
        let failure = runs[index].stages[stage].memory.failure
        switch (answer.decision, failure) {
        case (.approve, nil): start(index, stage, words, signal: nil, &turn)
        case (.approve, .some(let failure)):
            complete(index, stage, "failed (\(failure)), but going on was \(words)", signal: nil, &turn)
        case (.reject, nil):
            runs[index].stages[stage].memory.failure = words
            runs[index].stages[stage].memory.isRejected = true
            tellFailure(definition, words, index, stage, &turn)
            giveUp(index, stage, words, continues: false, nil, &turn)
        case (.reject, .some(let failure)):
            runs[index].stages[stage].memory.failure = "\(failure); \(words)"
            runs[index].stages[stage].memory.failureStep += 1
            runs[index].stages[stage].memory.retries = 0
            workThroughFailure(index, stage, nil, &turn, isNew: false)
        }
    }
}
