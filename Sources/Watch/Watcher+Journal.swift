internal import Core
internal import Fleet
internal import GitKit
internal import ProcessKit
internal import Store
internal import SystemPackage

extension Watcher {
    /// Takes up what commands wrote since the last look: emitted signals, answers, agents that came and went.
    func takeJournal() async throws {
        while true {
            let entries = try await store.journal(after: journalRead, limit: 200)
            guard !entries.isEmpty else { break }
            for entry in entries {
                try await take(entry)
                journalRead = entry.id
            }
        }
        // Steps of a spawn leave no journal rows of their own.
        if agents.values.contains(where: { $0.agent.spawn.phase != .ready }) { agentsChanged = true }
    }

    /// One row, with the cursor moved in the same transaction as what the policy makes of it.
    private func take(_ entry: JournalEntry) async throws {
        // The rest is what this daemon wrote itself; the stored cursor need not follow, for reading it again is harmless.
        guard Self.journalReader.kinds.contains(entry.kind) else { return }
        var step = WatchStep()
        step.cursor = PositionAdvance(reader: Self.journalReader.name, from: journalCursor, to: entry.id)
        switch entry.kind {
        case .emit: try await takeEmitted(entry, step)
        case .approvalAnswered: try await takeAnswer(entry, step)
        case .policyRequested: try await takeRequest(entry, step)
        default:
            // Agents came or went. At once: marker ids of what follows count for the agent's new start.
            try await loadAgents()
            try await store.commit(step, for: entry.subject, at: now)
        }
        journalCursor = entry.id
    }

    private func takeEmitted(_ entry: JournalEntry, _ base: WatchStep) async throws {
        guard let body = entry.signalBody, let machine = machine(of: entry.subject) else {
            return _ = try await store.commit(base, for: entry.subject, at: now)
        }
        let signal = Signal(subject: entry.subject, at: now, body: body)
        let (now, ids, subject) = (now, ids, entry.subject)
        let escalations = context.configuration.escalations
        let watch = agentWatch(of: subject)
        let committed = try await store.commit(
            subject, generation: watch?.agent.generation ?? 0, at: now
        ) { seen in
            var (step, machine) = (base, machine)
            var counts = true
            if case .marker(let marker, _) = body, let id = marker.id { counts = seen.count(id) }
            if counts {
                let effects = machine.receive(.signal(signal), at: now, ids: ids)
                step.add(effects, subject: subject, at: now, escalations)
            }
            step.counters.append(CounterIncrement("tmux_agent_signals_total", labels: ["kind": "emit"]))
            return Decided(step, StepOutcome(machine: machine, hasWork: !step.outbox.isEmpty))
        }
        take(committed.output, of: watch)
    }

    private func takeAnswer(_ entry: JournalEntry, _ step: WatchStep) async throws {
        guard let id = entry.payload["approval"]?.string,
            let approval = try await store.approval(ApprovalID(id)),
            let answer = approval.answer
        else { return _ = try await store.commit(step, for: entry.subject, at: now) }
        try await decide(.approvalAnswered(approval.id, answer), about: approval.subject, step)
    }

    private func takeRequest(_ entry: JournalEntry, _ step: WatchStep) async throws {
        try await decide(entry.policyRequest, about: entry.subject, step)
    }

    func decide(_ event: PolicyEvent, about subject: Subject, _ step: WatchStep) async throws {
        guard let machine = machine(of: subject) else {
            return _ = try await store.commit(step, for: subject, at: now)
        }
        let outcome = try await decide(event, machine, subject: subject, adding: step)
        take(outcome, of: agentWatch(of: subject))
    }

    func take(_ outcome: StepOutcome, of watch: AgentWatch?) {
        if let watch { return take(outcome, into: watch) }
        main = outcome.machine
        if outcome.hasWork { parts.wakeHands() }
    }

    /// Takes up answers whose rows in the journal went by while nobody knew the agent.
    func takeMissedAnswers() async throws {
        for machine in [main] + agents.values.map(\.machine) {
            for id in machine.openQuestions {
                guard let answer = try await store.approval(id)?.answer else { continue }
                try await decide(
                    .approvalAnswered(id, answer), about: machine.facts.subject, WatchStep())
            }
        }
    }

    /// Nil for an agent that is gone: what was about it concerns nobody.
    private func machine(of subject: Subject) -> PolicyMachine? {
        subject == .mainCheckout ? main : agentWatch(of: subject)?.machine
    }

    func agentWatch(of subject: Subject) -> AgentWatch? {
        guard case .agent(let id) = subject else { return nil }
        return agents[id]
    }

    /// Lets the policy react to actions that ended.
    func takeResults() async throws {
        try await parts.results.takeEach { try await take($0) }
    }

    private func take(_ result: ActionResult) async throws {
        guard let item = try await store.outboxItem(result.item) else { return }
        let (now, ids, subject) = (now, ids, item.subject)
        let escalations = context.configuration.escalations
        let watch = agentWatch(of: subject)
        let before = machine(of: subject)
        let committed = try await store.finish(result, generation: watch?.agent.generation ?? 0, at: now) {
            _ in
            var (step, machine) = (WatchStep(), before)
            let effects = machine?.receive(.actionEnded(result), at: now, ids: ids) ?? []
            step.add(effects, subject: subject, at: now, escalations)
            step.noteAnswer(item, result)
            return Decided(step, machine)
        }
        if let machine = committed.output {
            take(StepOutcome(machine: machine, hasWork: true), of: watch)
        } else {
            parts.wakeHands()
        }
        switch item.action {
        case .sendKeys, .keys, .answerDialog:
            if let watch { parts.panes.request(.forget(item.id, watch.agent)) }
        case .shell, .notify, .emit, .spawn: break
        }
    }

    /// Lets expiry answer what nobody answered until `time`; whoever answered first has the last word, and every answer
    /// reaches the policies through the journal.
    func expireApprovals(at time: Timestamp) async throws {
        guard let expiry, time >= expiry else { return }
        _ = try await store.expireApprovals(now: time)
        try await takeJournal()
        self.expiry = try await store.nextApprovalExpiry()
    }
}

extension JournalEntry {
    /// What a row `policy.requested` asks for.
    var policyRequest: PolicyEvent {
        let pipeline = payload["pipeline"]?.string
        return payload["request"]?.string == "retry"
            ? .retry(pipeline: pipeline) : .reset(pipeline: pipeline, stage: payload["stage"]?.string)
    }

    /// The signal that an `emit` row carries: a marker by its type, or a named signal.
    var signalBody: Signal.Body? {
        if let marker = payload["marker"]?.object {
            return .marker(Marker(payload: marker), source: draft.source)
        }
        guard let name = payload["signal"]?.string else { return nil }
        return .named(name, payload: JSONObjectBox(payload["payload"]?.object ?? JSONObject()))
    }
}
