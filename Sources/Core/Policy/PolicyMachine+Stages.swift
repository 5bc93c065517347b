// One stage: waiting for its trigger, its approval, its actions and its conditions.
extension PolicyMachine {
    /// Goes on to the first unfinished stage, until one waits or the run is done.
    mutating func proceed(_ index: Int, _ turn: inout Turn) {
        while runs[index].state == .running {
            guard let stage = runs[index].currentStage else {
                end(index, .completed, "all stages are done", &turn)
                return
            }
            guard runs[index].stages[stage].state == .idle, let definition = definition(index, stage) else {
                return
            }
            arm(index, stage, definition, &turn)
        }
    }

    func definition(_ index: Int, _ stage: Int) -> Stage? {
        guard let pipeline = pipelineOfRun[index], stage < policy.pipelines[pipeline].stages.count else {
            return nil
        }
        return policy.pipelines[pipeline].stages[stage]
    }

    private mutating func arm(_ index: Int, _ stage: Int, _ definition: Stage, _ turn: inout Turn) {
        guard let triggers = definition.triggers else {
            triggered(index, stage, because: "its turn has come", signal: nil, &turn)
            return
        }
        runs[index].stages[stage].memory.seen = []
        guard scene(index, stage, .trigger, turn).isPossible(triggers) else {
            skip(index, stage, triggers, &turn)
            return
        }
        move(index, stage, to: .waitingTrigger, "waits for \(triggers.words)", signal: nil, &turn)
        tryTrigger(index, stage, triggers, &turn)
    }

    private mutating func skip(_ index: Int, _ stage: Int, _ triggers: Condition, _ turn: inout Turn) {
        let from = runs[index].stages[stage].state
        runs[index].stages[stage].state = .idle
        runs[index].stages[stage].memory.isPassed = true
        runs[index].stages[stage].reason = "skipped: \(triggers.words) cannot come true any more"
        note(index, stage: stage, from: from, runs[index].stages[stage].reason ?? "", &turn)
    }

    /// Fits the current stage to conditions and actions that an edit took away, changed or added: what it waited for
    /// may not come any more.
    mutating func adaptStage(_ index: Int, _ turn: inout Turn) {
        guard isPolicyEdited, runs[index].state == .running, let stage = runs[index].currentStage,
            let definition = definition(index, stage)
        else { return }
        switch runs[index].stages[stage].state {
        case .waitingTrigger where runs[index].stages[stage].memory.retryAt == nil:
            guard let triggers = definition.triggers else {
                let why = "the policy names no trigger any more"
                return triggered(index, stage, because: why, signal: nil, &turn)
            }
            guard scene(index, stage, .trigger, turn).isPossible(triggers) else {
                skip(index, stage, triggers, &turn)
                return proceed(index, &turn)
            }
            tryTrigger(index, stage, triggers, &turn)
        case .running where runs[index].stages[stage].memory.awaited == nil:
            performNext(index, stage, definition, &turn)
        case .idle, .waitingTrigger, .waitingApproval, .running, .completed, .failed: break
        }
    }

    private mutating func tryTrigger(
        _ index: Int, _ stage: Int, _ triggers: Condition, _ turn: inout Turn
    ) {
        let scene = scene(index, stage, .trigger, turn)
        if let verdict = scene.verdict(on: triggers) {
            triggered(index, stage, because: verdict.why, signal: verdict.signal, &turn)
        } else if triggers.hasAll {
            remember(scene.news(in: triggers), index, stage, &turn)
        }
    }

    mutating func triggered(
        _ index: Int, _ stage: Int, because why: String, signal: Signal?, _ turn: inout Turn
    ) {
        if case .marker(let marker, _) = signal?.body { runs[index].stages[stage].memory.marker = marker }
        guard let definition = definition(index, stage) else { return }
        guard let request = definition.approval else {
            start(index, stage, why, signal: signal, &turn)
            return
        }
        let question =
            "Start stage \(PolicyText.quoted(definition.name)) of \(PolicyText.quoted(runs[index].pipeline))?"
        move(index, stage, to: .waitingApproval, "waits for approval; \(why)", signal: signal, &turn)
        ask(request, .stageStart, request.prompt ?? question, index, stage, &turn)
    }

    /// Puts a question; the stage's state is the caller's.
    mutating func ask(
        _ request: ApprovalRequest, _ purpose: Approval.Purpose, _ question: String, _ index: Int,
        _ stage: Int, _ turn: inout Turn
    ) {
        let expiresAt = request.onExpire == .wait ? nil : request.expires.map(turn.time.advanced(by:))
        let run = runs[index]
        let attempt = run.stages[stage].attempt + (purpose == .stageStart ? 1 : 0)
        let approval = Approval(
            id: ApprovalID(turn.ids.make("ap")), purpose: purpose, subject: run.subject, run: run.id,
            pipeline: run.pipeline, stage: run.stages[stage].name, attempt: attempt, question: question,
            createdAt: turn.time, expiresAt: expiresAt,
            onExpire: expiresAt == nil ? nil : request.onExpire == .approve ? .approved : .rejected)
        runs[index].stages[stage].memory.question = StageMemory.Question(
            id: approval.id, expiresAt: expiresAt, onExpire: request.onExpire)
        note(index, stage: stage, "asked: \(PolicyText.excerpt(question))", &turn)
        turn.effects.append(.ask(approval, request))
    }

    /// Begins the next attempt.
    mutating func start(
        _ index: Int, _ stage: Int, _ why: String, signal: Signal?, isRepeated: Bool = false,
        _ turn: inout Turn
    ) {
        guard let definition = definition(index, stage) else { return }
        let old = runs[index].stages[stage].memory
        var memory = StageMemory()
        memory.failureStep = old.failureStep
        memory.retries = old.retries
        memory.marker = old.marker
        memory.deadline = definition.timeout.map(turn.time.advanced(by:))
        runs[index].stages[stage].memory = memory
        runs[index].stages[stage].attempt += 1
        move(index, stage, to: .running, why, signal: signal, &turn)
        if !isRepeated, let notice = definition.notices.onStart {
            tell(notice, "notify-start", index, stage, error: nil, &turn)
        }
        performNext(index, stage, definition, &turn)
    }

    /// Hands out actions up to one whose result is awaited.
    private mutating func performNext(
        _ index: Int, _ stage: Int, _ definition: Stage, _ turn: inout Turn
    ) {
        while runs[index].stages[stage].memory.nextAction < definition.actionsOnStart.count {
            let number = runs[index].stages[stage].memory.nextAction
            let action = definition.actionsOnStart[number]
            let left = runs[index].stages[stage].memory.deadline?.distance(from: turn.time)
            let item = item(
                action.outboxAction(in: environment(index, stage), within: left) {
                    self.filled($0, index, stage, nil, turn)
                },
                "start", number, index, stage, turn)
            runs[index].stages[stage].memory.nextAction += 1
            if action.isAwaited { runs[index].stages[stage].memory.awaited = item.id }
            note(
                index, stage: stage, "action \(number + 1) of \(definition.actionsOnStart.count) handed out",
                &turn)
            turn.effects.append(.perform(item))
            if action.isAwaited { return }
        }
        finishIfDone(index, stage, definition, &turn)
    }

    /// All actions are done: looks whether that completes or fails the stage.
    private mutating func finishIfDone(
        _ index: Int, _ stage: Int, _ definition: Stage, _ turn: inout Turn
    ) {
        if let success = runs[index].stages[stage].memory.success {
            complete(index, stage, success, signal: nil, &turn)
            return
        }
        guard let condition = definition.successWhen else {
            if !classic { complete(index, stage, "its actions are done", signal: nil, &turn) }
            return
        }
        // Only what holds without a signal: the one that started the stage must not complete it.
        var scene = scene(index, stage, .success, turn)
        scene.signals = []
        if let verdict = scene.verdict(on: condition) {
            complete(index, stage, verdict.why, signal: verdict.signal, &turn)
        } else if !scene.isPossible(condition) {
            failByExitCodes(index, stage, condition, &turn)
        }
    }

    private mutating func failByExitCodes(
        _ index: Int, _ stage: Int, _ condition: Condition, _ turn: inout Turn
    ) {
        let codes = runs[index].stages[stage].memory.exitCodes.map { String($0) }.joined(separator: ", ")
        let what = codes.isEmpty ? "no shell action ran" : "exit code \(codes)"
        fail(index, stage, "\(what), but success needs \(condition.words)", signal: nil, &turn)
    }

    /// Whether success needs other exit codes than those that came: actions that are left cannot change that.
    private func excludesSuccess(_ condition: Condition, _ index: Int, _ stage: Int, _ turn: Turn) -> Bool {
        let memory = runs[index].stages[stage].memory
        guard memory.success == nil, !memory.exitCodes.isEmpty else { return false }
        var scene = scene(index, stage, .success, turn)
        scene.exitCodes = memory.exitCodes
        return !scene.isPossible(condition)
    }

    mutating func complete(
        _ index: Int, _ stage: Int, _ why: String, signal: Signal?, _ turn: inout Turn
    ) {
        close(index, stage, &turn)
        runs[index].stages[stage].memory.seen = []
        runs[index].stages[stage].memory.success = nil
        let failed = runs[index].stages[stage].memory.failure != nil
        move(index, stage, to: .completed, why, signal: signal, &turn)
        if !failed, let notice = definition(index, stage)?.notices.onSuccess {
            tell(notice, "notify-success", index, stage, error: nil, &turn)
        }
        proceed(index, &turn)
    }

    /// Shows a run what is being looked at.
    mutating func advance(_ index: Int, _ turn: inout Turn) {
        guard let pipeline = pipelineOfRun[index], let stage = runs[index].currentStage,
            stage < policy.pipelines[pipeline].stages.count
        else { return }
        switch runs[index].stages[stage].state {
        case .waitingTrigger where runs[index].stages[stage].memory.retryAt == nil:
            if let triggers = policy.pipelines[pipeline].stages[stage].triggers {
                tryTrigger(index, stage, triggers, &turn)
            }
        case .running where runs[index].stages[stage].memory.success == nil:
            judge(index, stage, policy.pipelines[pipeline].stages[stage].successWhen, .success, &turn)
            guard runs[index].stages[stage].state == .running, runs[index].currentStage == stage,
                runs[index].stages[stage].memory.success == nil
            else { return }
            judge(index, stage, policy.pipelines[pipeline].stages[stage].failWhen, .failure, &turn)
        case .idle, .waitingTrigger, .waitingApproval, .running, .completed, .failed: break
        }
    }

    private mutating func judge(
        _ index: Int, _ stage: Int, _ condition: Condition?, _ role: Scene.Role, _ turn: inout Turn
    ) {
        guard let condition else { return }
        let scene = scene(index, stage, role, turn)
        guard let verdict = scene.verdict(on: condition) else {
            if condition.hasAll { remember(scene.news(in: condition), index, stage, &turn) }
            return
        }
        if role == .failure {
            fail(index, stage, verdict.why, signal: verdict.signal, &turn)
        } else if hasOutstandingActions(index, stage) {
            runs[index].stages[stage].memory.success = verdict.why
            note(
                index, stage: stage, "\(verdict.why); its actions are not all done yet",
                signal: verdict.signal, &turn)
        } else {
            complete(index, stage, verdict.why, signal: verdict.signal, &turn)
        }
    }

    private func hasOutstandingActions(_ index: Int, _ stage: Int) -> Bool {
        let memory = runs[index].stages[stage].memory
        return memory.awaited != nil
            || memory.nextAction < (definition(index, stage)?.actionsOnStart.count ?? 0)
    }

    mutating func take(_ result: ActionResult, _ index: Int, _ stage: Int, _ turn: inout Turn) {
        guard let definition = definition(index, stage), result.state != .pending, result.state != .attempting
        else { return }
        runs[index].stages[stage].memory.awaited = nil
        let number = runs[index].stages[stage].memory.nextAction
        let detail = result.detail.map { ": \(PolicyText.excerpt($0, limit: 300))" } ?? ""
        if let code = result.exitCode {
            runs[index].stages[stage].memory.exitCodes.append(code)
            guard code == 0 || definition.judgesExitCodes else {
                fail(
                    index, stage, "action \(number) ended with exit code \(code)\(detail)", signal: nil, &turn
                )
                return
            }
        } else if result.state != .done {
            let what = result.state == .uncertain ? "may or may not have been done" : result.state.rawValue
            fail(index, stage, "action \(number) \(what)\(detail)", signal: nil, &turn)
            return
        }
        note(index, stage: stage, "action \(number) of \(definition.actionsOnStart.count) is done", &turn)
        advance(index, &turn)
        guard runs[index].state == .running, runs[index].currentStage == stage,
            runs[index].stages[stage].state == .running
        else { return }
        if let condition = definition.successWhen, excludesSuccess(condition, index, stage, turn) {
            return failByExitCodes(index, stage, condition, &turn)
        }
        performNext(index, stage, definition, &turn)
    }
}
