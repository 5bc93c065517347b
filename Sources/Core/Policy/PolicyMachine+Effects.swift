// How effects and the values in them are made.
extension PolicyMachine {
    /// `<run>/<stage>/<attempt>/<phase>/<index>`: the last three never contain a slash, so no two of these
    /// are equal.
    func key(_ phase: String, _ number: Int, _ index: Int, _ stage: Int) -> OutboxID {
        let run = runs[index].stages[stage]
        return OutboxID("\(runs[index].id)/\(run.name)/\(run.attempt)/\(phase)/\(number)")
    }

    func item(
        _ action: Action, _ phase: String, _ number: Int, _ index: Int, _ stage: Int, _ turn: Turn
    ) -> OutboxItem {
        OutboxItem(
            id: key(phase, number, index, stage), subject: runs[index].subject, run: runs[index].id,
            stage: runs[index].stages[stage].name, attempt: runs[index].stages[stage].attempt, action: action,
            createdAt: turn.time, dueAt: turn.time)
    }

    mutating func tell(
        _ notice: Notice, _ phase: String, _ index: Int, _ stage: Int, error: String?, _ turn: inout Turn
    ) {
        let filled = Notice(
            title: filled(notice.title, index, stage, error, turn),
            body: filled(notice.body, index, stage, error, turn), severity: notice.severity)
        turn.effects.append(.perform(item(.notify(filled), phase, 0, index, stage, turn)))
    }

    func filled(_ text: String, _ index: Int, _ stage: Int, _ error: String?, _ turn: Turn) -> String {
        PolicyText.filled(
            text,
            [
                "timestamp": turn.time.iso8601, "error_message": error ?? "", "branch": facts.branch ?? "",
                "stage": runs[index].stages[stage].name, "pipeline": runs[index].pipeline,
            ])
    }

    /// What the machine knows of a shell action's environment; the hands add what they know.
    func environment(_ index: Int, _ stage: Int) -> [String: String] {
        let run = runs[index]
        var values = [
            "TMUX_AGENT_PIPELINE": run.pipeline, "TMUX_AGENT_RUN": run.id.rawValue,
            "TMUX_AGENT_STAGE": run.stages[stage].name,
            "TMUX_AGENT_ATTEMPT": String(run.stages[stage].attempt),
        ]
        if let marker = run.stages[stage].memory.marker ?? run.marker {
            // Sorted, because a restart does not keep the order in which the keys came.
            values["TMUX_AGENT_MARKER"] = JSONValue.object(marker.payload.object).serialized(sorted: true)
        }
        values["TMUX_AGENT_HOOK"] = run.hook
        values["TMUX_AGENT_COMMIT"] = run.commit
        return values
    }

    func scene(_ index: Int, _ stage: Int, _ role: Scene.Role, _ turn: Turn) -> Scene {
        // Called for every line that is looked at: reads single fields, because whole stages are costly to
        // copy.
        Scene(
            signals: turn.group, stage: runs[index].stages[stage].name, stages: runs[index].stages,
            since: runs[index].stages[stage].since, time: turn.time,
            state: role == .trigger ? facts.state : nil,
            exitCodes: role == .failure || !awaitsExitCodes(index, stage)
                ? runs[index].stages[stage].memory.exitCodes : nil,
            role: role, seen: runs[index].stages[stage].memory.seen)
    }

    private func awaitsExitCodes(_ index: Int, _ stage: Int) -> Bool {
        guard runs[index].stages[stage].memory.awaited == nil else { return true }
        guard let pipeline = pipelineOfRun[index], stage < policy.pipelines[pipeline].stages.count else {
            return false
        }
        let next = runs[index].stages[stage].memory.nextAction
        return policy.pipelines[pipeline].stages[stage].hasShell(from: next)
    }

    mutating func remember(_ news: [String], _ index: Int, _ stage: Int, _ turn: inout Turn) {
        guard !news.isEmpty else { return }
        let seen = Set(runs[index].stages[stage].memory.seen).union(news)
        runs[index].stages[stage].memory.seen = seen.sorted()
        let words = news.map { PolicyText.excerpt(String($0.dropFirst(2))) }.joined(separator: ", ")
        note(index, stage: stage, "seen: \(words)", signal: turn.group.first, &turn)
    }

    mutating func move(
        _ index: Int, _ stage: Int, to state: StageState, _ why: String, signal: Signal?, _ turn: inout Turn
    ) {
        let from = runs[index].stages[stage].state
        let since = runs[index].stages[stage].since
        runs[index].stages[stage].state = state
        runs[index].stages[stage].since = turn.time
        runs[index].stages[stage].reason = why
        turn.effects.append(
            .changed(
                RunChange(
                    run: runs[index], stage: runs[index].stages[stage].name, from: from.rawValue,
                    to: state.rawValue, since: since, why: why, signal: signal)))
    }

    /// A change of the run itself, or of its memory.
    mutating func note(
        _ index: Int, from: String? = nil, to: String? = nil, _ why: String, _ turn: inout Turn
    ) {
        turn.effects.append(
            .changed(RunChange(run: runs[index], stage: nil, from: from, to: to, why: why, signal: nil)))
    }

    /// A change of a stage that is none of its state.
    mutating func note(
        _ index: Int, stage: Int, from: StageState? = nil, _ why: String, signal: Signal? = nil,
        _ turn: inout Turn
    ) {
        turn.effects.append(
            .changed(
                RunChange(
                    run: runs[index], stage: runs[index].stages[stage].name, from: from?.rawValue,
                    to: from.map { _ in runs[index].stages[stage].state.rawValue }, why: why, signal: signal))
        )
    }
}

extension [PolicyEffect] {
    /// Without changes of memory behind which the same run is stored again: the last one holds them all.
    ///
    /// A handful of effects, so that a list is searched faster than a set is filled.
    func withoutSupersededNotes() -> [PolicyEffect] {
        guard count > 1 else { return self }
        var later: [RunID] = []
        var superseded: [Int] = []
        for index in indices.reversed() {
            switch self[index] {
            case .began(let change):
                if !later.contains(change.run.id) { later.append(change.run.id) }
            case .changed(let change):
                if !later.contains(change.run.id) {
                    later.append(change.run.id)
                } else if change.to == nil {
                    superseded.append(index)
                }
            case .perform, .ask, .cancel, .expire, .escalate, .cancelPending, .ignored: break
            }
        }
        guard !superseded.isEmpty else { return self }
        var kept = self
        for index in superseded { kept.remove(at: index) }
        return kept
    }
}

extension Stage {
    func hasShell(from first: Int) -> Bool {
        first < actionsOnStart.count
            && actionsOnStart[first...].contains { action in
                if case .shell = action { true } else { false }
            }
    }
}

extension StageAction {
    /// Values go into a shell action as variables only; messages get their placeholders filled.
    ///
    /// `limit`: until the stage's own time limit, which no command outlasts.
    func outboxAction(
        in environment: [String: String], within limit: Duration?, filling fill: (String) -> String
    ) -> Action {
        switch self {
        case .sendKeys(let text): .sendKeys(text: text, enter: true)
        case .keys(let keys): .keys(keys)
        case .shell(let command, let timeout):
            .shell(
                command: command, timeout: limit.map { min(timeout, max($0, .milliseconds(1))) } ?? timeout,
                environment: environment)
        case .notify(let notice):
            .notify(Notice(title: fill(notice.title), body: fill(notice.body), severity: notice.severity))
        case .emit(let name, let payload): .emit(name: name, payload: payload)
        case .spawn(let branch, let template, let task):
            .spawn(branch: branch, template: template, task: task)
        }
    }
}
