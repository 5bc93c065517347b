internal import Core
internal import Store
internal import SystemPackage
internal import TerminalKit
internal import TmuxKit

/// One pane that was not spawned here, as the watcher holds it between two looks.
final class PaneWatch {
    /// How the pane's bytes come.
    enum Road: Equatable {
        /// By captures: somebody else has its pipe, or ours is not there yet.
        case captures
        /// Our pipe is being made; nothing is read meanwhile.
        case lending(since: Timestamp)
        case pipe
    }

    let id: HostPane
    let tap: FilePath
    var snapshot: PaneSnapshot
    /// As the journal has it.
    var sight: PaneSight?
    var sightNoted: Timestamp?
    var machine: PolicyMachine
    var follower: TapFollower?
    var debouncer = StateDebouncer(accepted: .init(state: .unknown))
    var dialogs = DialogSightings()
    /// What was decided of a dialog by a process before this one is known.
    var knowsDialogs = false
    var road = Road.captures {
        didSet { if road == .pipe, oldValue != .pipe { pipedAt = ContinuousClock.now } }
    }
    private var pipedAt: ContinuousClock.Instant?

    /// What the last look said, and what it had said when the pane was last captured.
    var activity = ""
    var capturedActivity: String?
    /// A capture is on its way since then.
    var captureAsked: Timestamp?
    /// The clock of `activity` has seconds, so the looks after a change ask once more.
    var capturesOwed = 0
    /// What the tap ends with, for the next capture.
    var historySize: Int?

    var progress: TapProgress
    var lastBytes: Timestamp?
    var lastJudged: Timestamp?
    var isUnjudged = true
    var isUnsettled = false
    var quietAt: Timestamp?
    var hasMoreBytes = true
    /// The pane's program has ended, or the pane is gone.
    var end: StateDebouncer.State?
    /// Since when the pane is gone; what it printed last may still be on its way.
    var goneAt: Timestamp?
    var pausedUntil: Timestamp?
    var failures = 0
    /// The tap began anew; what the pane showed then was said before.
    var isSilent = false
    var lastShown: [UInt8]?
    /// What is held here may not be what is stored.
    var isStale = false

    init(
        _ pane: HostLook.Pane, kind: AgentKind, tap: FilePath, machine: PolicyMachine, committed: Int64
    ) {
        self.kind = kind
        id = pane.id
        self.tap = tap
        snapshot = pane.snapshot
        self.machine = machine
        progress = TapProgress(committed: committed)
    }

    var subject: Subject { .pane(id) }
    /// By the name of the program that runs in it.
    var kind: AgentKind
    /// `session:window`.
    var place: String { "\(snapshot.session.rawValue.visible):\(snapshot.windowName.visible)" }
    /// For logs: `build %3 (work:editor)`.
    var label: String { "\(id.host.visible) \(id.pane) (\(place))" }

    /// Its pipe was made a moment ago: a look at the panes may be older, or find no writer yet.
    var isFreshlyPiped: Bool { pipedAt.map { ContinuousClock.now < $0.advanced(by: .seconds(2)) } ?? false }

    var isLending: Bool { if case .lending = road { true } else { false } }

    /// A pane that is gone has said everything when its tap has been still for so long.
    static let lastWords = Duration.milliseconds(500)

    var judgeDeadline: Timestamp? {
        if isUnjudged, end != nil { return .longAgo }
        let changed = isUnjudged ? lastJudged?.advanced(by: AgentWatch.judgePause) ?? .longAgo : nil
        return [changed, debouncer.deadline, dialogs.deadline, quietAt].compactMap(\.self).min()
    }

    /// When this pane wants to be looked at although nothing was printed.
    var nextDeadline: Timestamp? {
        if hasMoreBytes, !isLending { return pausedUntil ?? .longAgo }
        var times = [machine.nextDeadline, judgeDeadline, goneAt?.advanced(by: Self.lastWords)]
            .compactMap(\.self)
        if isUnsettled, let lastBytes { times.append(lastBytes.advanced(by: AgentWatch.settlePause)) }
        guard let earliest = times.min() else { return nil }
        return pausedUntil.map { max($0, earliest) } ?? earliest
    }

    func noteBytes(at now: Timestamp) {
        (lastBytes, isUnsettled, isUnjudged) = (now, true, true)
        quietAt = now.advanced(by: AgentWatch.genericIdlePause)
    }

    /// Its last bytes were read by a former process: a start of ours must not make a quiet program look busy.
    func hasPrinted(at time: Timestamp) {
        lastBytes = lastBytes ?? time
        quietAt = quietAt ?? ScreenState.quiet(since: time)
    }

    /// What the policies know about the pane.
    static func facts(_ pane: HostLook.Pane, state: AgentState, since: Timestamp) -> SubjectFacts {
        SubjectFacts(
            subject: .pane(pane.id), session: pane.snapshot.session.rawValue, host: pane.id.host,
            windowName: pane.snapshot.windowName, paneTitle: pane.snapshot.title, state: state, since: since)
    }

    /// What was said of the pane, for the next capture to be compared with.
    var known: KnownScreen? {
        guard let screen = follower?.reader.screen else { return nil }
        let cursor = screen.cursor
        return KnownScreen(
            rows: screen.rows, isAlternate: screen.isAlternate, isCursorVisible: screen.isCursorVisible,
            cursorRow: cursor.row, cursorColumn: cursor.column, title: screen.title,
            historySize: historySize)
    }
}
