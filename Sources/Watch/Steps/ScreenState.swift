internal import Core
internal import Fleet

/// What a living program's screen says about its state.
enum ScreenState {
    /// A program that no rules know works while it prints and is idle when it is quiet; nil while nothing is known.
    static func of(
        kind: AgentKind, rows: [String], title: String, cursorRow: Int, lastBytes: Timestamp?, now: Timestamp
    ) throws -> StateDebouncer.State? {
        let view = try ScreenJudge.of(kind).view(rows: rows, title: title, cursorRow: cursorRow)
        if let state = view.state, state != .unknown {
            return .init(state: state, waitingFor: view.waitingFor)
        }
        guard let lastBytes else { return nil }
        return .init(state: now >= lastBytes.advanced(by: AgentWatch.genericIdlePause) ? .idle : .working)
    }
}
