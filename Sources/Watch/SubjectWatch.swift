internal import Core
internal import Fleet
internal import Store
internal import TerminalKit

/// One agent or pane as its watcher holds it between two looks: its tap, its state and its policy machine.
class SubjectWatch {
    /// So much quiet says that what stands on the screen is finished.
    static let settlePause = Duration.milliseconds(150)
    /// A program that no rules know counts as idle when it printed nothing for so long.
    static let genericIdlePause = Duration.seconds(3)
    /// Screens are judged at most so often while bytes come.
    static let judgePause = Duration.milliseconds(100)

    /// So long tmux waits for the end of a string that a program began (INPUT_TIMEOUT in its input.c, 3.3).
    static let stringPatience = Duration.seconds(5)

    let subject: Subject
    /// Whose rules read the screen.
    var kind: AgentKind
    var machine: PolicyMachine
    var follower: TapFollower?
    var debouncer: StateDebouncer
    var dialogs = DialogSightings()
    /// What was decided of a dialog by a process before this one is known.
    var knowsDialogs = false
    /// Where the database stands in the tap.
    var progress: TapProgress
    var lastBytes: Timestamp?
    private(set) var lastJudged: Timestamp?
    /// The screen changed since it was judged.
    var isUnjudged = true
    /// When a program that no rules know will have been quiet for long enough.
    var quietAt: Timestamp?
    /// Bytes came since the last `settle`.
    var isUnsettled = false
    /// The pane's program has ended, or the pane is gone: then the screen does not decide.
    var end: StateDebouncer.State?
    var hasMoreBytes = true
    /// Not before this time, after an error.
    var pausedUntil: Timestamp?
    private var failures = 0
    /// What is held here may not be what is stored.
    var isStale = false

    init(
        _ subject: Subject, kind: AgentKind, machine: PolicyMachine, debouncer: StateDebouncer,
        committed: Int64
    ) {
        (self.subject, self.kind, self.machine, self.debouncer) = (subject, kind, machine, debouncer)
        progress = TapProgress(committed: committed)
    }

    /// There is something to do at once.
    var isDue: Bool { hasMoreBytes }

    /// Deadlines of its own kind.
    var moreDeadlines: [Timestamp?] { [] }

    /// When the screen is to be judged next; nil while nothing can have changed.
    var judgeDeadline: Timestamp? {
        if isUnjudged, end != nil { return .longAgo }
        let changed = isUnjudged ? lastJudged?.advanced(by: Self.judgePause) ?? .longAgo : nil
        return [changed, debouncer.deadline, dialogs.deadline, quietAt].compactMap(\.self).min()
    }

    /// When tmux gives up the string that a program began and did not end; nil outside of one.
    final var stringDeadline: Timestamp? {
        guard !hasMoreBytes, follower?.reader.screen.isInString == true else { return nil }
        return lastBytes?.advanced(by: Self.stringPatience)
    }

    /// When it is to be looked at although nothing was printed.
    final var nextDeadline: Timestamp? {
        if isDue { return pausedUntil ?? .longAgo }
        var times = (moreDeadlines + [machine.nextDeadline, judgeDeadline, stringDeadline]).compactMap(\.self)
        if isUnsettled, let lastBytes { times.append(lastBytes.advanced(by: Self.settlePause)) }
        guard let earliest = times.min() else { return nil }
        return pausedUntil.map { max($0, earliest) } ?? earliest
    }

    /// Bytes were read.
    func noteBytes(at now: Timestamp) {
        (lastBytes, isUnsettled, isUnjudged) = (now, true, true)
        quietAt = now.advanced(by: Self.genericIdlePause)
    }

    /// Its last bytes were read by a former process: a start of ours must not make a quiet program look busy.
    final func hasPrinted(at time: Timestamp) {
        lastBytes = lastBytes ?? time
        quietAt = quietAt ?? ScreenState.quiet(since: time)
    }

    /// False while the screen need not be judged.
    final func beginsJudging(at now: Timestamp) -> Bool {
        guard let deadline = judgeDeadline, deadline <= now else { return false }
        (isUnjudged, lastJudged) = (false, now)
        if let quietAt, quietAt <= now { self.quietAt = nil }
        return true
    }

    /// A state that has stood long enough, with the debouncer that knows of it: to be kept when the state is written, for
    /// one that was not is seen anew.
    ///
    /// A program that has not printed since `begun` is looked at again when it was silent for long enough.
    final func newState(
        on view: PaneView?, begun: Timestamp? = nil, at now: Timestamp
    ) -> (state: StateDebouncer.State, debouncer: StateDebouncer)? {
        let read = view.flatMap { ScreenState.read($0, of: kind) }
        var guess: StateDebouncer.State?
        if view != nil, read == nil {
            guess = ScreenState.guess(lastBytes: lastBytes, begun: begun, now: now)
            if guess == nil, let begun { quietAt = ScreenState.quiet(since: begun) }
        }
        guard let seen = end ?? read ?? guess else { return nil }
        var debouncer = debouncer
        guard let state = debouncer.observe(seen, isGuess: seen == guess, at: now) else {
            self.debouncer = debouncer
            return nil
        }
        return (state, debouncer)
    }

    final func visited() { (pausedUntil, failures) = (nil, 0) }

    /// What was read or judged may not have been written: it is read and judged again, after a pause that grows.
    final func failed(at now: Timestamp) {
        failures += 1
        pausedUntil = now.advanced(by: .milliseconds(200 * (1 << min(failures, 7))))
        (isStale, isUnjudged) = (true, true)
    }

    /// The database works again: whatever was read or decided meanwhile was not written.
    func takeUp() { (isStale, isUnjudged, pausedUntil, hasMoreBytes) = (true, true, nil, true) }

    /// Nothing that was waited for is further away than it was when the waiting began.
    func clockWasSetBack(to now: Timestamp) {
        lastBytes = lastBytes.map { min($0, now) }
        lastJudged = lastJudged.map { min($0, now) }
        progress.clockWasSetBack(to: now)
        quietAt = quietAt.map { min($0, now.advanced(by: Self.genericIdlePause)) }
        pausedUntil = pausedUntil.map { min($0, now) }
        debouncer.clockWasSetBack(to: now)
        dialogs.clockWasSetBack(to: now)
    }
}

extension Timestamp {
    /// Due at once.
    static let longAgo = Timestamp(milliseconds: 0)
}
