internal import Core
internal import Fleet
internal import Store
internal import TerminalKit

extension Watcher {
    /// Writes what was read together with what the policy makes of it: the transaction of the way of a byte.
    func commit(
        _ readings: [Reading], of watch: AgentWatch, _ follower: inout TapFollower,
        quietSince: Timestamp? = nil
    ) async throws {
        guard
            follower.offset > watch.progress.committed || !readings.isEmpty || follower.needsKeyframe
                || !follower.resizes.isEmpty || follower.sizesPosition != watch.committedSizes
        else { return }
        let (subject, ids, now) = (watch.agent.subject, ids, now)
        var base = try withSizes(
            watch.progress.step(of: follower, quietSince: quietSince, at: now), follower, watch)
        base.tap?.print = TapPrint(of: follower.path, upTo: follower.offset)
        let heuristics = context.configuration.watch.heuristics
        let source = SignalSource(subject: subject, at: now, readsHeuristics: heuristics)
        let machine = watch.machine
        let escalations = context.configuration.escalations
        let committed = try await store.commit(subject, generation: follower.generation, at: now) {
            [base] seen in
            var (step, machine) = (base, machine)
            let groups = source.signals(readings, &seen, &step)
            if !groups.isEmpty {
                let effects = machine.receive(.signals(groups), at: now, ids: ids)
                step.add(effects, subject: subject, at: now, escalations)
            }
            return Decided(step, StepOutcome(machine: machine, hasWork: !step.outbox.isEmpty))
        }
        watch.progress.written(base, at: now)
        (watch.committedSizes, watch.committedGeneration) = (follower.sizesPosition, follower.nextGeneration)
        follower.written()
        take(committed.output, into: watch)
    }

    private func withSizes(_ step: WatchStep, _ follower: TapFollower, _ watch: AgentWatch) -> WatchStep {
        var step = step
        if follower.sizesPosition != watch.committedSizes {
            step.file = PositionAdvance(
                reader: sizesReader(watch), from: watch.committedSizes, to: follower.sizesPosition)
        }
        return step
    }

    /// Lets a machine decide about one event that is no reading, and writes the result.
    func decide(
        _ event: PolicyEvent, for watch: AgentWatch, adding extra: WatchStep = WatchStep()
    ) async throws {
        let outcome = try await decide(event, watch.machine, subject: watch.agent.subject, adding: extra)
        take(outcome, into: watch)
    }

    func decide(
        _ event: PolicyEvent, _ machine: PolicyMachine, subject: Subject, adding extra: WatchStep
    ) async throws -> StepOutcome {
        let (now, ids, escalations) = (now, ids, context.configuration.escalations)
        return try await store.commit(subject, at: now) { _ in
            var (step, machine) = (extra, machine)
            step.add(machine.receive(event, at: now, ids: ids), subject: subject, at: now, escalations)
            return Decided(step, StepOutcome(machine: machine, hasWork: !step.outbox.isEmpty))
        }.output
    }

    func take(_ outcome: StepOutcome, into watch: AgentWatch) {
        watch.machine = outcome.machine
        if outcome.hasWork { parts.wakeHands() }
    }

    /// Judges the screen when that is due, and writes a state that has stood long enough.
    func judge(_ watch: AgentWatch) async throws {
        let now = now
        guard watch.beginsJudging(at: now) else { return }
        try await takeTitle(of: watch)
        let view = try view(of: watch)
        try await noteDialog(view?.dialog, of: watch)
        let begun = watch.agent.startedAt ?? watch.agent.createdAt
        guard let (state, debouncer) = watch.newState(on: view, begun: begun, at: now) else { return }
        let condition = AgentCondition(
            state.state, waitingFor: state.waitingFor, exitStatus: state.exitStatus, since: now)
        let body = Signal.Body.state(state.state, waitingFor: state.waitingFor, exitStatus: state.exitStatus)
        let subject = watch.agent.subject
        var step = WatchStep()
        step.condition = condition
        step.journal = [
            JournalDraft(subject: subject, kind: .agentState, source: "daemon", payload: body.json)
        ]
        step.counters = [
            CounterIncrement("tmux_agent_signals_total", labels: ["kind": "state"])
        ]
        try await decide(.signal(Signal(subject: subject, at: now, body: body)), for: watch, adding: step)
        (watch.debouncer, watch.agent.condition) = (debouncer, condition)
    }

    /// A title that programs change many times a second matters only when other pipelines match because of it.
    private func takeTitle(of watch: AgentWatch) async throws {
        guard let title = watch.follower?.reader.screen.title, title != watch.machine.facts.paneTitle else {
            return
        }
        var facts = watch.machine.facts
        facts.paneTitle = title
        try await take(facts, of: watch)
    }

    /// Another branch or title: written only if something follows from it.
    func take(_ facts: SubjectFacts, of watch: AgentWatch) async throws {
        guard facts != watch.machine.facts else { return }
        var machine = watch.machine
        guard machine.receive(.factsChanged(facts), at: now, ids: ids).isEmpty else {
            return try await decide(.factsChanged(facts), for: watch)
        }
        watch.machine = machine
    }

    /// Lets time pass for one agent's policies.
    func tick(_ watch: AgentWatch) async throws {
        guard let deadline = watch.machine.nextDeadline, deadline <= now else { return }
        // An answer that is in the database stands, also when it came a moment before the question's time ran out.
        try await expireApprovals(at: now)
        try await decide(.tick, for: watch)
    }
}

/// What remains of a step that was written.
struct StepOutcome: Sendable {
    var machine: PolicyMachine
    var hasWork: Bool
}

/// Turns readings into signals and journal rows.
struct SignalSource: Sendable {
    var subject: Subject
    var at: Timestamp
    /// Lines of JSON, and words such as *failed*, are reports too.
    var readsHeuristics = false

    /// Signals grouped by logical line; a marker whose id counted before is dropped and says so in the journal.
    func signals(_ readings: [Reading], _ seen: inout SeenMarkers, _ step: inout WatchStep) -> [[Signal]] {
        var groups: [(offset: UInt64, signals: [Signal])] = []
        for reading in readings {
            let body: Signal.Body
            switch reading {
            case .line(let text, let offset):
                body = .line(text)
                if readsHeuristics, let marker = LineHeuristics.marker(in: text) {
                    append(.marker(marker, source: Self.heuristics), at: offset, to: &groups)
                    journal(marker, offset: offset, isNew: true, source: Self.heuristics, &step)
                }
            case .marker(let marker, let offset):
                let isNew = marker.id.map { seen.count($0) } ?? true
                journal(marker, offset: offset, isNew: isNew, &step)
                guard isNew else { continue }
                body = .marker(marker, source: "screen")
            case .brokenMarker:
                step.counters.append(CounterIncrement("tmux_agent_broken_markers_total"))
                continue
            }
            append(body, at: reading.offset, to: &groups)
        }
        return groups.map(\.signals)
    }

    private static let heuristics = "heuristics"

    private func append(
        _ body: Signal.Body, at offset: UInt64, to groups: inout [(offset: UInt64, signals: [Signal])]
    ) {
        let signal = Signal(subject: subject, at: at, body: body)
        if groups.last?.offset == offset {
            groups[groups.count - 1].signals.append(signal)
        } else {
            groups.append((offset, [signal]))
        }
    }

    private func journal(
        _ marker: Marker, offset: UInt64, isNew: Bool, source: String = "screen", _ step: inout WatchStep
    ) {
        var payload = Signal.Body.marker(marker, source: source).json
        if !isNew { payload["duplicate"] = true }
        step.journal.append(
            JournalDraft(
                subject: subject, kind: .marker, source: "screen", payload: payload, tapOffset: Int64(offset),
                stage: marker.stage))
        if isNew {
            step.counters.append(
                CounterIncrement("tmux_agent_markers_total", labels: ["type": marker.type ?? ""]))
        }
    }
}
