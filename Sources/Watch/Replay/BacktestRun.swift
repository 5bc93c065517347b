internal import Core
internal import Fleet
internal import Store

/// One subject's part of a backtest: its facts in the order in which the daemon learned of them.
struct BacktestRun {
    /// A recorded answer may come this much before its question: readings are dated by marks.
    private static let tolerance = Duration.seconds(2)

    private let facts: BacktestFacts
    private let readsHeuristics: Bool
    private var rehearsal: PolicyRehearsal
    private var tap: TapReplay?
    private var typed: ArraySlice<(at: Timestamp, text: String)>
    private var seen = SeenMarkers()
    private var kept: [(approval: Approval, answer: ApprovalAnswer)] = []
    private(set) var part: BacktestReport.Part

    /// Nil when nothing is known of the subject in that time.
    init?(
        _ records: BacktestRecords, policy: Policy, facts: BacktestFacts, mainBranch: String?,
        since: Timestamp
    ) async throws {
        self.facts = facts
        readsHeuristics = records.readsHeuristics
        let marks = try await records.store.tapMarks(of: facts.subject)
        let subject = Self.subject(facts, mainBranch, since: marks.first?.at ?? facts.firstTime ?? since)
        if let (path, kind) = records.tap(of: facts) {
            let asked = marks.last { $0.at < since }?.offset ?? 0
            tap = try TapReplay(
                path: path, kind: kind, marks: marks,
                keyframe: try await records.store.keyframe(of: facts.subject, upTo: asked)
                    .flatMap(TapFollower.screen), since: since)
        }
        guard let first = [facts.firstTime, tap?.nextTime.map { max($0, since) }].compactMap(\.self).min()
        else { return nil }
        typed =
            facts.actions.compactMap { action in
                guard case .sendKeys(let text, _) = action.item.action, let at = action.startedAt else {
                    return nil
                }
                return (at, text)
            }[...]
        let start = max(first, subject.since)
        rehearsal = PolicyRehearsal(
            policy: policy, facts: subject, classic: records.isClassic, hands: Self.hands(facts.actions),
            at: start)
        part = BacktestReport.Part(
            subject: facts.subject, branch: subject.branch, lines: [], notes: facts.notes)
        guard facts.pane != nil, facts.sight == nil else { return }
        note("its session and window were not written down then: what asks for them does not match")
    }

    private static func subject(
        _ facts: BacktestFacts, _ mainBranch: String?, since: Timestamp
    ) -> SubjectFacts {
        if let agent = facts.agent {
            var subject = agent.facts()
            subject.state = .unknown
            return subject
        }
        guard let pane = facts.pane else {
            return SubjectFacts(
                subject: facts.subject, branch: mainBranch, host: "local", since: facts.firstTime ?? since)
        }
        return SubjectFacts(
            subject: facts.subject, session: facts.sight?.session, host: pane.host,
            windowName: facts.sight?.window, since: since)
    }

    /// Actions that were done then end as they ended then; other commands are taken to succeed.
    private static func hands(_ actions: [RecordedAction]) -> RehearsedHands {
        var hands = RehearsedHands(repeatsLast: false, otherShell: .exit(0))
        for action in actions {
            guard let end = action.endedAt, [.done, .failed, .uncertain].contains(action.item.state) else {
                continue
            }
            hands.endings[action.item.action.rehearsalKey, default: []].append(
                RehearsedHands.Ending(
                    action.item.state, exitCode: action.exitCode, detail: action.detail,
                    after: end.distance(from: action.item.createdAt)))
        }
        return hands
    }

    mutating func play(until end: Timestamp?) throws {
        let readable = tap?.firstOffset
        var rows = facts.facts
        // What the tap does not give is taken from what was read then.
        let fromJournal = facts.markers.filter { marker in
            guard let readable else { return true }
            return marker.offset <= readable || facts.gap.map { marker.at <= $0 } == true
        }
        rows += fromJournal.map { RecordedFact(at: $0.at, what: .signal($0.body)) }
        rows = rows.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
        for row in rows {
            try readTap(before: row.at)
            take(row)
        }
        try readTap(before: nil)
        // Also the end of what was begun late, because its reading is dated by a mark.
        advance(to: max(end ?? rehearsal.now, rehearsal.now).advanced(by: Self.tolerance))
        finish()
    }

    private mutating func advance(to time: Timestamp) {
        rehearsal.advance(to: max(time, rehearsal.now))
        answerKept()
    }

    /// Stretches that the watcher knew before `time`.
    private mutating func readTap(before time: Timestamp?) throws {
        while let next = tap?.nextTime, time.map({ next < $0 }) ?? true {
            var echoes: [String] = []
            while let first = typed.first, first.at <= next {
                echoes.append(first.text)
                typed.removeFirst()
            }
            guard let stretch = try tap?.next(echoes: echoes) else { continue }
            take(stretch)
        }
    }

    private mutating func take(_ stretch: TapReplay.Stretch) {
        advance(to: stretch.at)
        var step = WatchStep()
        let source = SignalSource(
            subject: facts.subject, at: rehearsal.now, readsHeuristics: readsHeuristics)
        let groups = source.signals(stretch.readings, &seen, &step)
        if !groups.isEmpty { rehearsal.receive(.signals(groups)) }
        // A pane that was not spawned here has a title before its program gives it one.
        if stretch.title != rehearsal.machine.facts.paneTitle, facts.pane == nil || !stretch.title.isEmpty {
            var changed = rehearsal.machine.facts
            changed.paneTitle = stretch.title
            rehearsal.receive(.factsChanged(changed))
        }
        answerKept()
    }

    private mutating func take(_ fact: RecordedFact) {
        advance(to: fact.at)
        switch fact.what {
        case .signal(let body):
            if case .marker(let marker, _) = body, let id = marker.id, !seen.count(id) { return }
            rehearsal.receive([body])
        case .hook(let event):
            var changed = rehearsal.machine.facts
            (changed.branch, changed.commit) = (event.branch, event.commit ?? changed.commit)
            rehearsal.receive(.factsChanged(changed))
            rehearsal.receive([.gitHook(event)])
        case .started:
            // Marker ids count afresh in each start.
            seen = SeenMarkers()
            rehearsal.receive([.state(.starting, waitingFor: nil, exitStatus: nil)])
        case .seen(let sight):
            tap?.kind = sight.kind
            var changed = rehearsal.machine.facts
            (changed.session, changed.windowName) = (sight.session, sight.window)
            if changed != rehearsal.machine.facts { rehearsal.receive(.factsChanged(changed)) }
        case .answered(let approval, let answer): kept.append((approval, answer))
        case .requested(let event): rehearsal.receive(event)
        case .removed: rehearsal.receive(.subjectGone)
        }
        answerKept()
    }

    /// A recorded answer counts for the question of the same stage.
    private mutating func answerKept() {
        var late: [String] = []
        for (index, (approval, answer)) in kept.enumerated().reversed() {
            let question = rehearsal.questions.first { question in
                question.pipeline == approval.pipeline && question.stage == approval.stage
                    && question.purpose == approval.purpose
            }
            if let question {
                kept.remove(at: index)
                rehearsal.answer(question, answer)
            } else if rehearsal.now > answer.at.advanced(by: Self.tolerance) {
                kept.remove(at: index)
                late.append(unasked(approval, answer))
            }
        }
        for text in late.reversed() { note(text) }
    }

    private func unasked(_ approval: Approval, _ answer: ApprovalAnswer) -> String {
        "\(answer.at.iso8601): '\(answer.by)' answered '\(approval.stage)' of '\(approval.pipeline)', which this policy did not ask then"
    }

    private mutating func finish() {
        for (approval, answer) in kept { note(unasked(approval, answer)) }
        for question in rehearsal.questions {
            note(
                "'\(question.stage)' of '\(question.pipeline)' would still wait for an answer to \"\(question.question)\""
            )
        }
        if rehearsal.isRunaway { note("the policy feeds itself without end and was stopped") }
        if let tap, tap.missing > 0 {
            note(
                "\(tap.missing) bytes at the head of its tap are not on the disk any more: lines in them cannot be looked at, and markers in them are those that were read then"
            )
        } else if tap == nil, facts.agent != nil || facts.pane != nil {
            note("its tap is not there: lines cannot be looked at, and markers are those that were read then")
        }
        let would = rehearsal.deeds.enumerated().compactMap { index, deed in
            Decision(deed, detail: rehearsal.assumed.contains(index) ? "assumed: exit 0" : "")
        }
        part.lines = BacktestReport.lines(would: would, did: facts.did)
    }

    private mutating func note(_ text: String) { part.notes.append(text) }
}
