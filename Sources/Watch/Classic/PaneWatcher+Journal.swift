internal import Core
internal import Store

extension PaneWatcher {
    /// Takes up what commands wrote since the last look: answers, and signals of policies and people.
    func takeJournal() async throws {
        while true {
            let entries = try await store.journal(after: journalRead, limit: 200)
            guard !entries.isEmpty else { return }
            for entry in entries {
                try await take(entry)
                journalRead = entry.id
            }
        }
    }

    /// One row, with the cursor moved in the same transaction as what the policy makes of it.
    private func take(_ entry: JournalEntry) async throws {
        // The rest is what this process wrote itself.
        guard Self.journalReader.kinds.contains(entry.kind) else { return }
        var step = WatchStep()
        step.cursor = PositionAdvance(reader: Self.journalReader.name, from: journalCursor, to: entry.id)
        var event: PolicyEvent?
        switch entry.kind {
        case .emit:
            event = entry.signalBody.map { .signal(Signal(subject: entry.subject, at: now, body: $0)) }
        case .policyRequested: event = entry.policyRequest
        // A page wrote what is to be typed, in the same transaction.
        case .agentOrdered: parts.wakeHands()
        default:
            guard let id = entry.payload["approval"]?.string,
                let approval = try await store.approval(ApprovalID(id)), let answer = approval.answer
            else { break }
            event = .approvalAnswered(approval.id, answer)
        }
        guard case .pane(let pane) = entry.subject else {
            return try await move(step, to: entry)
        }
        if let event, let watch = panes[pane] {
            try await decide(event, for: watch, adding: step)
            journalCursor = entry.id
        } else if let event,
            let machine = try await machine(of: pane, mayHaveEnded: entry.kind == .policyRequested)
        {
            let outcome = try await commit(event, machine, of: pane, place: "", adding: step)
            if outcome.hasWork { parts.wakeHands() }
            journalCursor = entry.id
        } else {
            try await move(step, to: entry)
        }
    }

    private func move(_ step: WatchStep, to entry: JournalEntry) async throws {
        try await store.commit(step, for: entry.subject, at: now)
        journalCursor = entry.id
    }

    /// The machine of a pane that is not watched at the moment: its host does not answer, or the filters leave it out.
    private func machine(of pane: HostPane, mayHaveEnded: Bool = false) async throws -> PolicyMachine? {
        let runs = try await store.runs(of: .pane(pane))
        guard let last = runs.last, mayHaveEnded || runs.contains(where: { !$0.isEnded }) else { return nil }
        let facts = SubjectFacts(subject: .pane(pane), host: pane.host, since: last.startedAt)
        return PolicyMachine(policy: policy.policy, facts: facts, runs: runs, classic: true)
    }

    /// Lets the policy react to actions that ended.
    func takeResults() async throws {
        try await parts.results.takeEach { try await take($0) }
    }

    private func take(_ result: ActionResult) async throws {
        guard let item = try await store.outboxItem(result.item), case .pane(let pane) = item.subject else {
            return try await store.finish(result, at: now)
        }
        let watch = panes[pane]
        var machine = watch?.machine
        if machine == nil { machine = try await self.machine(of: pane) }
        let (now, ids, subject, place) = (now, ids, item.subject, watch?.place ?? "")
        let before = machine
        let outcome = try await store.finish(result, at: now) { _ in
            var step = WatchStep()
            guard var machine = before else {
                step.noteAnswer(item, result)
                return Decided(step, PaneOutcome?.none)
            }
            let effects = machine.receive(.actionEnded(result), at: now, ids: ids)
            step.add(effects, subject: subject, at: now, [:])
            step.noteAnswer(item, result)
            return Decided(step, PaneOutcome(step, machine, pane, place: place))
        }.output
        outcome?.decisions.forEach(parts.tell)
        if let outcome { watch?.machine = outcome.machine }
        // The next action of its lane may begin.
        parts.wakeHands()
        switch item.action {
        case .sendKeys, .keys, .answerDialog: parts.observer.request(.forget(item.id, pane))
        case .shell, .notify, .emit, .spawn: break
        }
    }

    /// Lets expiry answer what nobody answered until `time`.
    func expireApprovals(at time: Timestamp) async throws {
        guard let expiry, time >= expiry else { return }
        _ = try await store.expireApprovals(now: time)
        try await takeJournal()
        self.expiry = try await store.nextApprovalExpiry()
    }
}
