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

    /// So long a screen must contradict what the program itself said: it may be painting, and it may have missed to say
    /// how it went on.
    static let pauseAgainstWord = Duration.seconds(2)

    private(set) var accepted: State
    private var candidate: (state: State, since: Timestamp)?
    /// What the program said by its hook, until the screen has shown it.
    private var word: State?

    init(accepted: State) { self.accepted = accepted }

    /// The program says by its hook what it does now; nil when that is known.
    mutating func tell(_ state: State, at now: Timestamp) -> State? {
        (candidate, word) = (nil, state)
        guard state != accepted else { return nil }
        accepted = state
        return state
    }

    /// The new state when it has stood long enough; facts of the process (exited, gone) pass at once.
    ///
    /// `isGuess`: the screen itself says nothing; then the program's own word stands.
    mutating func observe(_ state: State, isGuess: Bool = false, at now: Timestamp) -> State? {
        if isGuess, word != nil { return nil }
        if state == word || state.state == .exited || state.state == .gone { word = nil }
        guard state != accepted else {
            candidate = nil
            return nil
        }
        if candidate?.state != state { candidate = (state, now) }
        guard let candidate, now >= candidate.since.advanced(by: pause(before: state)) else {
            return nil
        }
        (self.candidate, word) = (nil, nil)
        accepted = state
        return state
    }

    /// The candidate's time begins again.
    mutating func clockWasSetBack(to now: Timestamp) {
        if let since = candidate?.since { candidate?.since = min(since, now) }
    }

    /// When the candidate will have stood long enough.
    var deadline: Timestamp? { candidate.map { $0.since.advanced(by: pause(before: $0.state)) } }

    private func pause(before state: State) -> Duration {
        switch state.state {
        case .exited, .gone: .zero
        case _ where word != nil: Self.pauseAgainstWord
        case .waiting: Self.pauseBeforeWaiting
        default: Self.pause
        }
    }
}
