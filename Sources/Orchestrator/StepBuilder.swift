internal import Core
internal import Store

/// Turns what the machine wants into what is stored beside its state: journal rows, questions, messages, counters.
struct StepBuilder {
    let salt: String
    let settings: OrchestratorSettings
    let subjects: [String: Subject]
    let now: Timestamp

    func step(
        _ changes: OrchestratorChanges, _ effects: [OrchestratorEffect],
        commands: [String: QueuedCommand]
    ) -> OrchestrationStep {
        var orchestration = OrchestrationStep(changes: changes)
        let known = commands.merging(changes.commands.map { ($0.id, $0) }) { $1 }
        for effect in effects { add(effect, known, to: &orchestration.step) }
        for command in changes.commands where !command.state.isOpen {
            count(command, in: &orchestration.step)
        }
        return orchestration
    }

    private func add(
        _ effect: OrchestratorEffect, _ commands: [String: QueuedCommand], to step: inout WatchStep
    ) {
        switch effect {
        case .changed(let branch, let from, let to, let why):
            step.journal.append(
                row(
                    .taskChanged, branch,
                    ["from": .string(from.rawValue), "to": .string(to.rawValue), "why": .string(why)]))
        case .alarm(let alarm):
            step.journal.append(
                row(
                    .taskAlarm, alarm.branch,
                    ["reason": .string(alarm.reason.rawValue), "detail": .string(alarm.detail)]))
            let goesOn =
                switch alarm.reason {
                case .decider, .conflict: ""
                case .stall, .failures, .usageLimit:
                    "\nNothing is done for it until: tmux-agent tasks release \(alarm.branch)"
                }
            let notice = Notice(
                title: "Task \(alarm.branch) needs you: \(alarm.reason.words)",
                body: alarm.detail + goesOn, severity: .warning)
            step.outbox.append(message(notice, alarm.branch, alarm.number))
        case .tell(let branch, let number, let text):
            step.outbox.append(message(Notice(title: "Task \(branch)", body: text), branch, number))
        case .ask(let id):
            guard let command = commands[id], let approval = question(about: command) else { return }
            step.approvals.append(approval)
            step.outbox += approval.notices(remind: nil)
        case .withdraw(let approval): step.cancelledApprovals.append(approval)
        case .spawn, .prepare, .decide, .run, .interrupt, .dropped: break
        }
    }

    private func row(_ kind: JournalKind, _ branch: String, _ payload: JSONObject) -> JournalDraft {
        var payload = payload
        payload["branch"] = .string(branch)
        return JournalDraft(subject: subject(branch), kind: kind, source: "orchestrator", payload: payload)
    }

    private func message(_ notice: Notice, _ branch: String, _ number: Int) -> OutboxItem {
        OutboxItem(
            id: OutboxID("task/\(salt)/\(branch)/\(number)"), subject: subject(branch), run: nil, stage: nil,
            attempt: 0, action: .notify(notice), createdAt: now, dueAt: now)
    }

    func subject(_ branch: String) -> Subject { subjects[branch] ?? .mainCheckout }

    private func question(about command: QueuedCommand) -> Approval? {
        guard let id = command.approval else { return nil }
        let content = command.content
        var lines = ["Run this for \(command.branch) (risk: \(content.risk.rawValue))?", content.shownText]
        if let cwd = content.cwd { lines.append("in \(cwd)") }
        if let session = content.session { lines.append("in the session \(session)") }
        if let notes = content.notes { lines.append(notes) }
        return Approval(
            id: id, purpose: .command, subject: subject(command.branch),
            run: RunID("task/\(salt)/\(command.branch)"), pipeline: "orchestrator", stage: command.id,
            attempt: 1,
            question: lines.joined(separator: "\n"), createdAt: now,
            expiresAt: now.advanced(by: settings.confirmationExpiry), onExpire: .rejected)
    }

    private func count(_ command: QueuedCommand, in step: inout WatchStep) {
        step.counters.append(
            CounterIncrement("orchestrator_commands_total", labels: ["result": command.state.rawValue]))
        switch command.state {
        case .done:
            step.counters.append(
                CounterIncrement("orchestrator_command_success_total", labels: ["branch": command.branch]))
        case .failed, .dead:
            step.counters.append(
                CounterIncrement("orchestrator_command_failures_total", labels: ["branch": command.branch]))
        default: break
        }
    }
}

extension RecordedDecision {
    /// What is counted of a call: its time, and what was wrong with it.
    var counters: [CounterIncrement] {
        let seconds = Double(duration.inMilliseconds) / 1000
        var counters = CounterIncrement.observation(
            "orchestrator_decision_latency_seconds", seconds, in: .decisions)
        guard outcome != "decided" else { return counters }
        counters.append(
            CounterIncrement("orchestrator_decision_errors_total", labels: ["branch": branch]))
        if DecisionProblem.Kind(rawValue: outcome) != nil {
            counters.append(
                CounterIncrement(
                    "orchestrator_json_parse_failures_total", labels: ["branch": branch, "kind": outcome]))
        }
        return counters
    }
}

extension TaskStanding.Pause.Reason {
    /// As people are told.
    var words: String {
        switch self {
        case .stall: "it stands still"
        case .failures: "its commands fail"
        case .usageLimit: "a usage limit is reached"
        case .decider: "its decider fails"
        case .conflict: "its dependencies conflict"
        }
    }
}
