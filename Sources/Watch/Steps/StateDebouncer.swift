internal import Core

/// Lets a state through only when it has stood for a moment: screens flicker while they are drawn.
struct StateDebouncer: Sendable {
    struct State: Sendable, Equatable {
        var state: AgentState
        var waitingFor: WaitingFor?
        var exitStatus: Int32?
    }

    /// A question stays until somebody answers it, so it need not wait as long as the change between two others.
    static let pause = Duration.milliseconds(350)
    static let pauseBeforeWaiting = Duration.milliseconds(150)

    private(set) var accepted: State
    private var candidate: (state: State, since: Timestamp)?

    init(accepted: State) { self.accepted = accepted }

    /// The new state when it has stood long enough; facts of the process (exited, gone) pass at once.
    mutating func observe(_ state: State, at now: Timestamp) -> State? {
        guard state != accepted else {
            candidate = nil
            return nil
        }
        if candidate?.state != state { candidate = (state, now) }
        guard let candidate, now >= candidate.since.advanced(by: Self.pause(before: state)) else {
            return nil
        }
        self.candidate = nil
        accepted = state
        return state
    }

    /// The candidate's time begins again.
    mutating func clockWasSetBack(to now: Timestamp) {
        if let since = candidate?.since { candidate?.since = min(since, now) }
    }

    /// When the candidate will have stood long enough.
    var deadline: Timestamp? { candidate.map { $0.since.advanced(by: Self.pause(before: $0.state)) } }

    private static func pause(before state: State) -> Duration {
        switch state.state {
        case .exited, .gone: .zero
        case .waiting: pauseBeforeWaiting
        default: pause
        }
    }
}
