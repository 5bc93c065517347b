/// A pane that `run` watches at the moment, as people know it.
public struct WatchedPane: Sendable, Equatable {
    public var pane: HostPane
    public var session: String
    public var window: String

    public init(pane: HostPane, session: String, window: String) {
        self.pane = pane
        self.session = session
        self.window = window
    }

    /// `session:window`.
    public var place: String { "\(session):\(window)" }
}
