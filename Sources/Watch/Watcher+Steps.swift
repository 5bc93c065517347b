internal import Core
internal import Fleet
internal import Store
internal import TerminalKit

extension Watcher {
    /// Marks are written at most so often, plus one for each change of size.
    private static let markPause = Duration.milliseconds(250)

    /// Writes what was read together with what the policy makes of it: the transaction of the way of a byte.
    func commit(
        _ readings: [Reading], of watch: AgentWatch, _ follower: TapFollower, isSettled: Bool
    ) async throws {
        let to = follower.offset
        guard to > watch.committed || !readings.isEmpty else { return }
        var base = WatchStep()
        let size = ScreenSize(columns: follower.size.columns, rows: follower.size.rows)
        base.tap = TapAdvance(from: watch.committed, to: to, size: size)
        let now = now
        if watch.lastMark.map({ now >= $0.advanced(by: Self.markPause) }) ?? true {
            base.marks = [TapMark(offset: to, at: now, size: size)]
            watch.lastMark = now
        }
        if let keyframe = try keyframe(of: follower, watch, isNeeded: isSettled && !readings.isEmpty) {
            base.keyframe = keyframe
        }
        let (step, subject, ids) = (base, watch.agent.subject, ids)
        let (source, machine) = (SignalSource(subject: subject, at: now), watch.machine)
        let committed = try await store.commit(subject, generation: watch.agent.generation, at: now) { seen in
            var (step, machine) = (step, machine)
            let groups = source.signals(readings, &seen, &step)
            if !groups.isEmpty {
                step.add(machine.receive(.signals(groups), at: now, ids: ids), subject: subject, at: now)
            }
            return Decided(step, StepOutcome(machine: machine, hasWork: !step.outbox.isEmpty))
        }
        watch.committed = to
        if let offset = base.keyframe?.offset { watch.lastKeyframe = offset }
        take(committed.output, into: watch)
    }

    private func keyframe(
        of follower: TapFollower, _ watch: AgentWatch, isNeeded: Bool
    ) throws -> StoredKeyframe? {
        guard isNeeded || follower.offset - watch.lastKeyframe >= TapFollower.keyframeDistance else {
            return nil
        }
        guard let state = try follower.keyframe() else { return nil }
        return StoredKeyframe(offset: follower.offset, state: state)
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
        let (now, ids) = (now, ids)
        return try await store.commit(subject, at: now) { _ in
            var (step, machine) = (extra, machine)
            step.add(machine.receive(event, at: now, ids: ids), subject: subject, at: now)
            return Decided(step, StepOutcome(machine: machine, hasWork: !step.outbox.isEmpty))
        }.output
    }

    func take(_ outcome: StepOutcome, into watch: AgentWatch) {
        watch.machine = outcome.machine
        if outcome.hasWork { wakeHands() }
    }

    /// Judges the screen when that is due, and writes a state that has stood long enough.
    func judge(_ watch: AgentWatch) async throws {
        let now = now
        guard let deadline = watch.judgeDeadline, deadline <= now else { return }
        (watch.isUnjudged, watch.lastJudged) = (false, now)
        if let quietAt = watch.quietAt, quietAt <= now { watch.quietAt = nil }
        guard let seen = try watch.end ?? screenState(watch) else { return }
        guard let state = watch.debouncer.observe(seen, at: now) else { return }
        let condition = AgentCondition(
            state.state, waitingFor: state.waitingFor, exitStatus: state.exitStatus, since: now)
        watch.agent.condition = condition
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
    }

    /// What the screen says; a program that no rules know works while it prints and is idle when it is quiet.
    private func screenState(_ watch: AgentWatch) throws -> StateDebouncer.State? {
        guard let follower = watch.follower else { return nil }
        let screen = follower.reader.screen
        let view = try ScreenJudge.of(AgentKind(watch.agent.program.kind))
            .view(rows: screen.rows, title: screen.title, cursorRow: screen.cursor.row)
        if let state = view.state, state != .unknown {
            return .init(state: state, waitingFor: view.waitingFor)
        }
        guard let last = watch.lastBytes else { return nil }
        let isQuiet = now >= last.advanced(by: AgentWatch.genericIdlePause)
        return .init(state: isQuiet ? .idle : .working)
    }

    /// Lets time pass for one agent's policies.
    func tick(_ watch: AgentWatch) async throws {
        guard let deadline = watch.machine.nextDeadline, deadline <= now else { return }
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

    /// Signals grouped by logical line; a marker whose id counted before is dropped and says so in the journal.
    func signals(_ readings: [Reading], _ seen: inout SeenMarkers, _ step: inout WatchStep) -> [[Signal]] {
        var groups: [(offset: UInt64, signals: [Signal])] = []
        for reading in readings {
            let body: Signal.Body
            switch reading {
            case .line(let text, _): body = .line(text)
            case .marker(let marker, let offset):
                let isNew = marker.id.map { seen.count($0) } ?? true
                journal(marker, offset: offset, isNew: isNew, &step)
                guard isNew else { continue }
                body = .marker(marker, source: "screen")
            case .brokenMarker:
                step.counters.append(CounterIncrement("tmux_agent_broken_markers_total"))
                continue
            }
            let signal = Signal(subject: subject, at: at, body: body)
            if groups.last?.offset == reading.offset {
                groups[groups.count - 1].signals.append(signal)
            } else {
                groups.append((reading.offset, [signal]))
            }
        }
        return groups.map(\.signals)
    }

    private func journal(_ marker: Marker, offset: UInt64, isNew: Bool, _ step: inout WatchStep) {
        var payload = Signal.Body.marker(marker, source: "screen").json
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
