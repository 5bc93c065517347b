// Runs as a whole: how they begin, queue, end, and follow an edited policy.
extension PolicyMachine {
    /// Adapts runs to the policy, begins what begins by itself, moves queues on, and forgets old runs.
    mutating func settle(_ turn: inout Turn) {
        // A run that ends at once unsettles again; a pipeline's own run begins only once, so this ends.
        while isUnsettled {
            isUnsettled = false
            if isPolicyNew {
                isPolicyNew = false
                adaptRuns(&turn)
                isPolicyEdited = false
            }
            beginOwnRuns(&turn)
            startQueued(&turn)
            forgetRuns()
        }
    }

    private mutating func beginOwnRuns(_ turn: inout Turn) {
        for (index, pipeline) in policy.pipelines.enumerated()
        where pipeline.startsOn == nil && matching[index]
            && !runs.contains(where: { $0.pipeline == pipeline.name })
        {
            begin(pipeline, because: "\(PolicyText.quoted(pipeline.name)) matches", signal: nil, &turn)
        }
    }

    /// Begins a run if the group or the time satisfies `startsOn`; `all_of` means one group, for no run
    /// remembers.
    mutating func begin(_ index: Int, ifHolds condition: Condition, _ turn: inout Turn) {
        let isOwnEcho = { (signal: Signal) in
            if case .gitHook(let event) = signal.body { event.insideRun != nil } else { false }
        }
        let hasEcho = !policy.pipelines[index].isRecursive && turn.group.contains(where: isOwnEcho)
        let since = condition.hasTimer ? timerBase(of: policy.pipelines[index]) : turn.time
        func verdict(_ signals: [Signal]) -> Scene.Verdict? {
            Scene(
                signals: signals, stage: nil, stages: [], since: since, time: turn.time, state: nil,
                exitCodes: nil,
                role: .trigger
            ).verdict(on: condition)
        }
        if let verdict = verdict(hasEcho ? turn.group.filter { !isOwnEcho($0) } : turn.group) {
            begin(policy.pipelines[index], because: verdict.why, signal: verdict.signal, &turn)
        } else if hasEcho, verdict(turn.group) != nil {
            turn.effects.append(
                .ignored(
                    pipeline: policy.pipelines[index].name,
                    why: "the git hook fired inside a run's own action, and the pipeline is not recursive"))
        }
    }

    /// Timers of `starts_on` count from the end of the last run.
    func timerBase(of pipeline: Pipeline) -> Timestamp {
        guard let last = runs.last(where: { $0.pipeline == pipeline.name }) else { return facts.since }
        return last.endedAt ?? Timestamp(milliseconds: Int64.max / 2)
    }

    private mutating func begin(
        _ pipeline: Pipeline, because why: String, signal: Signal?, _ turn: inout Turn
    ) {
        let busy = runs.indices.filter { runs[$0].pipeline == pipeline.name && !runs[$0].isEnded }
        if !busy.isEmpty {
            switch pipeline.whenBusy {
            case .ignore:
                turn.effects.append(
                    .ignored(pipeline: pipeline.name, why: "a run is under way (when_busy: ignore)"))
                return
            case .restart:
                for index in busy { end(index, .cancelled, "restarted: \(why)", &turn) }
            case .queue where busy.count > Self.longestQueue:
                turn.effects.append(
                    .ignored(pipeline: pipeline.name, why: "\(Self.longestQueue) runs wait already"))
                return
            case .queue: break
            }
        }
        let waits = pipeline.whenBusy == .queue && !busy.isEmpty
        let index = append(pipeline, state: waits ? .queued : .running, signal: signal, turn)
        turn.effects.append(
            .began(
                RunChange(
                    run: runs[index], from: nil, to: runs[index].state.rawValue, why: why, signal: signal)))
        if !waits { proceed(index, &turn) }
    }

    private mutating func append(
        _ pipeline: Pipeline, state: PipelineRun.State, signal: Signal?, _ turn: Turn
    ) -> Int {
        var run = PipelineRun(
            id: RunID(turn.ids.make("run")), pipeline: pipeline.name, subject: facts.subject, state: state,
            cause: signal?.policyCause, commit: facts.commit, startedAt: turn.time,
            stages: pipeline.stages.map { StageRun(name: $0.name, state: .idle, since: turn.time) })
        switch signal?.body {
        case .marker(let marker, _): run.marker = marker
        case .gitHook(let event):
            run.hook = event.name
            run.commit = event.commit ?? facts.commit
        case .state, .line, .named, nil: break
        }
        runs.append(run)
        pipelineOfRun.append(policy.pipelines.firstIndex { $0.name == pipeline.name })
        return runs.count - 1
    }

    private mutating func startQueued(_ turn: inout Turn) {
        for index in runs.indices where runs[index].state == .queued {
            let name = runs[index].pipeline
            guard !runs[..<index].contains(where: { $0.pipeline == name && !$0.isEnded }) else { continue }
            runs[index].state = .running
            note(index, from: "queued", to: "running", "the run before it ended", &turn)
            proceed(index, &turn)
        }
    }

    private mutating func forgetRuns() {
        let old = runs.indices.filter { index in
            runs[index].isEnded
                && runs[(index + 1)...].contains { $0.pipeline == runs[index].pipeline }
        }
        guard !old.isEmpty else { return }
        for index in old.reversed() {
            runs.remove(at: index)
            pipelineOfRun.remove(at: index)
        }
    }

    /// Ends a run and whatever it still has open.
    mutating func end(_ index: Int, _ state: PipelineRun.State, _ why: String, _ turn: inout Turn) {
        let from = runs[index].state.rawValue
        if let stage = runs[index].currentStage {
            close(index, stage, &turn)
            if state == .cancelled, runs[index].stages[stage].state != .failed {
                runs[index].stages[stage].state = .idle
                runs[index].stages[stage].since = turn.time
                runs[index].stages[stage].reason = "cancelled: \(why)"
            }
        }
        runs[index].state = state
        runs[index].endedAt = turn.time
        note(index, from: from, to: state.rawValue, why, &turn)
        isUnsettled = true
    }

    /// Takes back a stage's open question, timers and actions that have not begun.
    mutating func close(_ index: Int, _ stage: Int, _ turn: inout Turn) {
        if let question = runs[index].stages[stage].memory.question {
            runs[index].stages[stage].memory.question = nil
            turn.effects.append(.cancel(question.id))
        }
        runs[index].stages[stage].memory.deadline = nil
        runs[index].stages[stage].memory.retryAt = nil
        if runs[index].stages[stage].memory.awaited != nil {
            runs[index].stages[stage].memory.awaited = nil
            turn.effects.append(.cancelPending(runs[index].id))
        }
    }

    /// Fits runs under way to an edited policy: stages that have begun must stand there unchanged and in
    /// order.
    private mutating func adaptRuns(_ turn: inout Turn) {
        for index in runs.indices where !runs[index].isEnded {
            guard let pipeline = pipelineOfRun[index].map({ policy.pipelines[$0] }) else {
                end(index, .cancelled, "the pipeline left the policy", &turn)
                continue
            }
            let names = pipeline.stages.map(\.name)
            guard names != runs[index].stages.map(\.name) else {
                adaptStage(index, &turn)
                continue
            }
            let begun = runs[index].stages.prefix { $0.isFinished || $0.state != .idle }
            guard names.starts(with: begun.map(\.name)) else {
                end(index, .cancelled, "the policy changed stages that this run has begun", &turn)
                continue
            }
            let rest = names.dropFirst(begun.count).map { StageRun(name: $0, state: .idle, since: turn.time) }
            runs[index].stages = Array(begun) + rest
            note(index, "the policy's stages changed", &turn)
            if runs[index].state == .running, begun.allSatisfy(\.isFinished) {
                proceed(index, &turn)
            } else {
                adaptStage(index, &turn)
            }
        }
    }

    mutating func reset(pipeline: String?, stage: String?, _ turn: inout Turn) {
        for index in runs.indices where isLast(index) && (pipeline == nil || runs[index].pipeline == pipeline)
        {
            if let stage {
                guard let number = runs[index].stages.firstIndex(where: { $0.name == stage }) else {
                    continue
                }
                putBack(index, from: number, "reset from \(PolicyText.quoted(stage))", &turn)
            } else if let definition = pipelineOfRun[index].map({ policy.pipelines[$0] }) {
                let old = runs[index]
                if !old.isEnded { end(index, .cancelled, "reset", &turn) }
                guard definition.startsOn == nil else { continue }
                begin(definition, because: "reset", signal: nil, &turn)
            }
        }
    }

    /// A stage that ran is started without waiting for its trigger again; one that was rejected asks again.
    mutating func retry(pipeline: String?, _ turn: inout Turn) {
        for index in runs.indices where isLast(index) && (pipeline == nil || runs[index].pipeline == pipeline)
        {
            guard runs[index].state == .failed, let stage = runs[index].currentStage,
                canReopen(index, &turn)
            else { continue }
            runs[index].state = .running
            runs[index].endedAt = nil
            let old = runs[index].stages[stage].memory
            forget(index, stage)
            runs[index].stages[stage].memory.marker = old.marker
            note(index, from: "failed", to: "running", "tried again on request", &turn)
            if old.isRejected {
                triggered(index, stage, because: "tried again on request", signal: nil, &turn)
            } else {
                start(index, stage, "tried again on request", signal: nil, &turn)
            }
        }
    }

    /// Clears what a stage remembers; a rejected attempt counts as one, so that its notices' keys are not
    /// used again.
    private mutating func forget(_ index: Int, _ stage: Int) {
        if runs[index].stages[stage].memory.isRejected { runs[index].stages[stage].attempt += 1 }
        runs[index].stages[stage].memory = StageMemory()
    }

    /// Whether a run that ended can go on: no other is under way, and the policy still has its stages.
    private func canReopen(_ index: Int, _ turn: inout Turn) -> Bool {
        let run = runs[index]
        var refusal: String?
        if runs.contains(where: { $0.pipeline == run.pipeline && !$0.isEnded }) {
            refusal = "another run is under way"
        } else if policy.pipeline(named: run.pipeline)?.stages.map(\.name) != run.stages.map(\.name) {
            refusal = "the policy's stages changed since that run; reset the whole pipeline"
        }
        guard let refusal else { return true }
        turn.effects.append(.ignored(pipeline: run.pipeline, why: refusal))
        return false
    }

    private func isLast(_ index: Int) -> Bool {
        !runs[(index + 1)...].contains { $0.pipeline == runs[index].pipeline && $0.state != .queued }
            && runs[index].state != .queued
    }

    /// Attempts go on counting, so that no idempotency key comes twice.
    private mutating func putBack(_ index: Int, from first: Int, _ why: String, _ turn: inout Turn) {
        if let current = runs[index].currentStage, current < first {
            let names = [first, current].map { PolicyText.quoted(runs[index].stages[$0].name) }
            let why = "stage \(names[0]) has not begun: the run stands at \(names[1])"
            turn.effects.append(.ignored(pipeline: runs[index].pipeline, why: why))
            return
        }
        guard !runs[index].isEnded || canReopen(index, &turn) else { return }
        if let stage = runs[index].currentStage { close(index, stage, &turn) }
        let from = runs[index].state.rawValue
        for stage in first..<runs[index].stages.count {
            runs[index].stages[stage].state = .idle
            runs[index].stages[stage].since = turn.time
            runs[index].stages[stage].reason = why
            forget(index, stage)
        }
        runs[index].state = .running
        runs[index].endedAt = nil
        note(index, from: from, to: "running", why, &turn)
        proceed(index, &turn)
    }
}
