internal import Core
internal import Store
internal import SystemPackage
internal import TerminalKit
internal import TmuxKit

/// One pane that was not spawned here, as the watcher holds it between two looks.
final class PaneWatch: SubjectWatch {
    /// How the pane's bytes come.
    enum Road: Equatable {
        /// By captures: somebody else has its pipe, or ours is not there yet.
        case captures
        /// Our pipe is being made; nothing is read meanwhile.
        case lending(since: Timestamp)
        case pipe
        /// Our pipe is being ended; nothing is captured until all that it brought is in the tap.
        case returning(since: Timestamp)
    }

    let id: HostPane
    let tap: FilePath
    var snapshot: PaneSnapshot
    /// As the journal has it.
    var sight: PaneSight?
    var sightNoted: Timestamp?
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

    /// Since when the pane is gone; what it printed last may still be on its way.
    var goneAt: Timestamp?
    /// The tap began anew; what the pane showed then was said before.
    var isSilent = false
    var lastShown: [UInt8]?

    init(
        _ pane: HostLook.Pane, kind: AgentKind, tap: FilePath, machine: PolicyMachine, committed: Int64
    ) {
        id = pane.id
        self.tap = tap
        snapshot = pane.snapshot
        super.init(
            .pane(pane.id), kind: kind, machine: machine,
            debouncer: StateDebouncer(accepted: .init(state: .unknown)), committed: committed)
    }

    /// `session:window`.
    var place: String { "\(snapshot.session.rawValue.visible):\(snapshot.windowName.visible)" }
    /// For logs: `build %3 (work:editor)`.
    var label: String { "\(id.host.visible) \(id.pane) (\(place))" }

    /// Its pipe was made a moment ago: a look at the panes may be older, or find no writer yet.
    var isFreshlyPiped: Bool { pipedAt.map { ContinuousClock.now < $0.advanced(by: .seconds(2)) } ?? false }

    var isLending: Bool { if case .lending = road { true } else { false } }
    var isReturning: Bool { if case .returning = road { true } else { false } }

    /// A pane that is gone has said everything when its tap has been still for so long.
    static let lastWords = Duration.milliseconds(500)

    override var isDue: Bool { hasMoreBytes && !isLending }

    override var moreDeadlines: [Timestamp?] { [goneAt?.advanced(by: Self.lastWords)] }

    /// What was captured and not written is captured again.
    override func takeUp() {
        super.takeUp()
        (capturedActivity, captureAsked) = (nil, nil)
    }

    override func clockWasSetBack(to now: Timestamp) {
        super.clockWasSetBack(to: now)
        captureAsked = captureAsked.map { min($0, now) }
        sightNoted = sightNoted.map { min($0, now) }
        goneAt = goneAt.map { min($0, now) }
    }

    /// What the policies know about the pane.
    static func facts(_ pane: HostLook.Pane, state: AgentState, since: Timestamp) -> SubjectFacts {
        SubjectFacts(
            subject: .pane(pane.id), session: pane.snapshot.session.rawValue, host: pane.id.host,
            windowName: pane.snapshot.windowName, paneTitle: pane.snapshot.title, state: state, since: since)
    }

    /// What was said of the pane, for the next capture to be compared with.
    var known: KnownScreen? { follower.map { KnownScreen($0.reader.screen, historySize: historySize) } }
}
