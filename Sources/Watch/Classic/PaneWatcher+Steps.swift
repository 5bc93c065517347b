internal import Core
internal import Fleet
internal import Store
internal import TerminalKit

/// What remains of a pane's step that was written.
struct PaneOutcome: Sendable {
    var machine: PolicyMachine
    var hasWork: Bool
    var decisions: [PaneDecision]

    init(_ step: WatchStep, _ machine: PolicyMachine, _ pane: HostPane, place: String) {
        self.machine = machine
        hasWork = !step.outbox.isEmpty
        decisions = step.decisions(of: pane, place: place)
    }
}

extension PaneWatcher {
    /// Writes what was read together with what the policy makes of it, in one transaction.
    ///
    /// A loan's commit leaves a mark of its time, by which a later run knows that it was taken up.
    func commit(
        _ readings: [Reading], of watch: PaneWatch, _ follower: inout TapFollower,
        quietSince: Timestamp? = nil, isLoan: Bool = false
    ) async throws {
        guard
            follower.offset > watch.progress.committed || !readings.isEmpty || follower.needsKeyframe
                || !follower.resizes.isEmpty || isLoan
        else { return }
        let (subject, ids, now, id) = (watch.subject, ids, now, watch.id)
        var step = try watch.progress.step(of: follower, quietSince: quietSince, at: now)
        if isLoan { step.marks.append(loanMark(follower, watch)) }
        let base = step
        let source = SignalSource(subject: subject, at: now, readsHeuristics: true)
        let (machine, place) = (watch.machine, watch.place)
        let committed = try await store.commit(subject, at: now) { seen in
            var (step, machine) = (base, machine)
            let groups = source.signals(readings, &seen, &step)
            if !groups.isEmpty {
                step.add(machine.receive(.signals(groups), at: now, ids: ids), subject: subject, at: now, [:])
            }
            return Decided(step, PaneOutcome(step, machine, id, place: place))
        }
        watch.progress.written(base, at: now)
        follower.written()
        committed.output.decisions.forEach(parts.tell)
        take(committed.output, into: watch)
    }

    private func loanMark(_ follower: TapFollower, _ watch: PaneWatch) -> TapMark {
        let size = ScreenSize(columns: follower.size.columns, rows: follower.size.rows)
        guard case .lending(let since) = watch.road else {
            return TapMark(offset: follower.offset, at: now, size: size)
        }
        return TapMark(offset: follower.offset, at: max(now, since), size: size)
    }

    /// Lets a pane's machine decide about one event that is no reading, and writes the result.
    func decide(
        _ event: PolicyEvent, for watch: PaneWatch, adding extra: WatchStep = WatchStep()
    ) async throws {
        let outcome = try await commit(
            event, watch.machine, of: watch.id, place: watch.place, adding: extra)
        take(outcome, into: watch)
    }

    @discardableResult
    func commit(
        _ event: PolicyEvent, _ machine: PolicyMachine, of pane: HostPane, place: String,
        adding extra: WatchStep = WatchStep()
    ) async throws -> PaneOutcome {
        let (now, ids, subject) = (now, ids, Subject.pane(pane))
        let outcome = try await store.commit(subject, at: now) { _ in
            var (step, machine) = (extra, machine)
            step.add(machine.receive(event, at: now, ids: ids), subject: subject, at: now, [:])
            return Decided(step, PaneOutcome(step, machine, pane, place: place))
        }.output
        outcome.decisions.forEach(parts.tell)
        return outcome
    }

    private func take(_ outcome: PaneOutcome, into watch: PaneWatch) {
        watch.machine = outcome.machine
        if outcome.hasWork { parts.wakeHands() }
    }

    /// Judges the screen when that is due, and writes a state that has stood long enough.
    func judge(_ watch: PaneWatch) async throws {
        let now = now
        guard watch.beginsJudging(at: now) else { return }
        let view = try view(of: watch)
        try await noteDialog(view?.dialog, of: watch)
        guard let (state, debouncer) = watch.newState(on: view, at: now) else { return }
        let body = Signal.Body.state(state.state, waitingFor: state.waitingFor, exitStatus: state.exitStatus)
        var step = WatchStep()
        step.journal = [
            JournalDraft(subject: watch.subject, kind: .agentState, source: "daemon", payload: body.json)
        ]
        let signal = Signal(subject: watch.subject, at: now, body: body)
        try await decide(.signal(signal), for: watch, adding: step)
        watch.debouncer = debouncer
    }

    /// Lets time pass for one pane's policies.
    func tick(_ watch: PaneWatch) async throws {
        guard let deadline = watch.machine.nextDeadline, deadline <= now else { return }
        // An answer that is in the database stands, also when it came a moment before the question's time ran out.
        try await expireApprovals(at: now)
        try await decide(.tick, for: watch)
    }
}
