internal import Core
internal import Store

/// One recorded fact that a policy can hear of.
struct RecordedFact: Sendable {
    enum What: Sendable {
        case signal(Signal.Body)
        /// A hook also says what is checked out from then on.
        case hook(GitHookEvent)
        case started
        /// A pane is called so from then on.
        case seen(PaneSight)
        case answered(Approval, ApprovalAnswer)
        case requested(PolicyEvent)
        case removed
    }

    var at: Timestamp
    var what: What
}

/// Everything that the database remembers of one subject since a time.
struct BacktestFacts: Sendable {
    var subject: Subject
    var agent: Agent?
    /// What a pane was called in the beginning, when that was written down.
    var sight: PaneSight?
    var facts: [RecordedFact] = []
    /// Rows `marker` with the offset that they were read at; used where the tap cannot be read.
    var markers: [(at: Timestamp, offset: Int64, body: Signal.Body)] = []
    var did: [Decision] = []
    var actions: [RecordedAction] = []
    var notes: [String] = []
    /// Until here taps began anew: what was read before cannot be read again.
    var gap: Timestamp?

    var pane: HostPane? { if case .pane(let pane) = subject { pane } else { nil } }

    /// When the first fact was written; nil when there is none.
    var firstTime: Timestamp? { (facts.map(\.at) + markers.map(\.at)).min() }
    var lastTime: Timestamp? { (facts.map(\.at) + markers.map(\.at)).max() }
}
