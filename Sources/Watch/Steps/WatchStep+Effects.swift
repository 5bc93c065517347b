internal import Core
internal import Store

extension WatchStep {
    /// Writes down what the policy machine decided: runs, actions, questions, and why, for the journal.
    mutating func add(
        _ effects: [PolicyEffect], subject: Subject, at now: Timestamp,
        _ escalations: [String: EscalationSettings]
    ) {
        for effect in effects {
            switch effect {
            case .began(let change), .changed(let change): add(change, subject: subject)
            case .perform(let item): outbox.append(item)
            case .ask(let approval, let request):
                approvals.append(approval)
                if !request.channels.isEmpty { approvalChannels[approval.id] = request.channels }
                outbox += approval.notices(remind: request.remind)
            case .cancel(let id): cancelledApprovals.append(id)
            case .expire:
                // before each tick the store answers what is due: nothing is left that waits there
                break
            case .escalate(let id, let code, let notice, let run, let stage):
                let told = notice.escalated(by: escalations[code])
                escalate(id, code: code, told, subject: subject, run: run, stage: stage, at: now)
                if let command = escalations[code]?.shell {
                    callHook(
                        command, id, code: code, notice, subject: subject, run: run, stage: stage, at: now)
                }
            case .cancelPending(let run):
                cancelledRuns.append(run)
                // What this very step handed out before is not stored yet, so the store cannot take it back.
                outbox.removeAll { $0.run == run && $0.action.isAwaited }
            case .ignored(let pipeline, let why):
                journal.append(
                    JournalDraft(
                        subject: subject, kind: .runChanged, source: "policy",
                        payload: ["pipeline": .string(pipeline), "ignored": .string(why)]))
            }
        }
    }

    private mutating func add(_ change: RunChange, subject: Subject) {
        runs.removeAll { $0.id == change.run.id }
        runs.append(change.run)
        guard let to = change.to else { return }
        var payload: JSONObject = ["pipeline": .string(change.run.pipeline), "to": .string(to)]
        payload["stage"] = change.stage.map { .string($0) }
        payload["from"] = change.from.map { .string($0) }
        payload["why"] = .string(change.why)
        if let signal = change.signal { payload["signal"] = .object(signal.body.json) }
        journal.append(
            JournalDraft(
                subject: subject, kind: change.stage == nil ? .runChanged : .stageChanged, source: "policy",
                payload: payload, run: change.run.id, stage: change.stage))
        counters.append(
            CounterIncrement(
                "tmux_agent_stage_transitions_total",
                labels: ["pipeline": change.run.pipeline, "stage": change.stage ?? "", "to": to]))
        measure(change)
    }

    /// How long a stage ran that has ended.
    private mutating func measure(_ change: RunChange) {
        let ends: [StageState] = [.completed, .failed]
        guard change.from == StageState.running.rawValue, let began = change.since,
            let stage = change.run.stages.first(where: { $0.name == change.stage }),
            ends.contains(stage.state)
        else { return }
        counters += CounterIncrement.observation(
            "tmux_agent_stage_duration_seconds", max(0, stage.since.distance(from: began).fractionalSeconds),
            in: .work,
            labels: [
                "pipeline": change.run.pipeline, "stage": stage.name, "to": stage.state.rawValue,
            ])
    }

    private mutating func escalate(
        _ id: OutboxID, code: String, _ notice: Notice, subject: Subject, run: RunID, stage: String,
        at now: Timestamp
    ) {
        outbox.append(
            OutboxItem(
                id: id, subject: subject, run: run, stage: stage, attempt: 1, action: .notify(notice),
                createdAt: now,
                dueAt: now))
        journal.append(
            JournalDraft(
                subject: subject, kind: .escalated, source: "policy",
                payload: ["code": .string(code), "title": .string(notice.title)], run: run, stage: stage))
    }
}

extension WatchStep {
    /// The hook belongs to no run: that its run ends does not take it back.
    private mutating func callHook(
        _ command: String, _ id: OutboxID, code: String, _ notice: Notice, subject: Subject, run: RunID,
        stage: String, at now: Timestamp
    ) {
        let environment = [
            "TMUX_AGENT_ESCALATION": code, "TMUX_AGENT_TITLE": notice.title, "TMUX_AGENT_REASON": notice.body,
            "TMUX_AGENT_RUN": run.rawValue, "TMUX_AGENT_STAGE": stage,
        ]
        outbox.append(
            OutboxItem(
                id: OutboxID("\(id)/hook"), subject: subject, run: nil, stage: stage, attempt: 1,
                action: .shell(
                    command: command, timeout: StageAction.standardShellTimeout, environment: environment),
                createdAt: now, dueAt: now))
    }
}

extension Action {
    /// Whether a stage waits for it; messages that were decided are told, whatever becomes of their run.
    fileprivate var isAwaited: Bool {
        switch self {
        case .sendKeys, .keys, .shell, .spawn: true
        case .notify, .emit, .answerDialog: false
        }
    }
}

extension Notice {
    /// As `[escalation.<code>]` wants it; a code that fleet.toml does not name goes the usual way.
    fileprivate func escalated(by settings: EscalationSettings?) -> Notice {
        guard let settings else { return self }
        var notice = self
        notice.channels = settings.channels
        notice.severity = Severity(rawValue: settings.severity.rawValue) ?? severity
        if let title = settings.title { notice.title = "\(title) \(self.title)" }
        return notice
    }
}

extension Signal.Body {
    /// What a journal row says of a signal.
    var json: JSONObject {
        switch self {
        case .marker(let marker, let source):
            var object: JSONObject = ["marker": .object(marker.payload.object), "source": .string(source)]
            if marker.repaired { object["repaired"] = true }
            return object
        case .state(let state, let waitingFor, let exitStatus):
            var object: JSONObject = ["state": .string(state.rawValue)]
            object["waiting_for"] = waitingFor.map { .string($0.rawValue) }
            object["exit_status"] = exitStatus.map { .integer(Int64($0)) }
            return object
        case .line(let line): return ["line": .string(String(line.prefix(2000)))]
        case .named(let name, let payload):
            return ["signal": .string(name), "payload": .object(payload.object)]
        case .gitHook(let event):
            var object: JSONObject = ["hook": .string(event.name)]
            object["branch"] = event.branch.map { .string($0) }
            object["commit"] = event.commit.map { .string($0) }
            return object
        }
    }
}
