internal import Core
internal import Fleet

/// What a living program's screen says about its state.
enum ScreenState {
    /// What the rules of `kind` read; nil when they say nothing.
    static func read(_ view: PaneView, of kind: AgentKind) -> StateDebouncer.State? {
        guard let state = view.state, state != .unknown else { return nil }
        // A program without rules of its own may never print: its blank screen says nothing.
        if state == .starting, kind == .shell { return nil }
        return .init(state: state, waitingFor: view.waitingFor)
    }

    /// Of a program that no rules know: it works while it prints and is idle when it is quiet; nil until it has printed or
    /// been silent for long enough since `begun`.
    static func guess(lastBytes: Timestamp?, begun: Timestamp?, now: Timestamp) -> StateDebouncer.State? {
        guard let last = lastBytes ?? begun else { return nil }
        if now >= quiet(since: last) { return .init(state: .idle) }
        return lastBytes == nil ? nil : .init(state: .working)
    }

    /// When a program that printed last at `last` is taken to be idle.
    static func quiet(since last: Timestamp) -> Timestamp { last.advanced(by: SubjectWatch.genericIdlePause) }
}
