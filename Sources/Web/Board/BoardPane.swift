public import Core
public import Fleet

/// A pane that `run` watches: nobody spawned it here.
public struct BoardPane: Sendable, Identifiable {
    public var watched: WatchedPane
    public var state: AgentState
    /// Since when it is in this state; nil when that is not known.
    public var since: Timestamp?
    public var stage: StageProgress?
    public var pendingApprovals: Int
    /// The last line that says something, made visible; nil when there is none.
    public var lastLine: String?
    /// What it did during the last hour, oldest first.
    public var states: [StateSpan]

    /// Safe in elements and addresses, and never another pane's: no life of a server has the same one.
    public var id: String { Self.id(of: watched.pane) }

    static func id(of pane: HostPane) -> String {
        PaneRecords.tapName(of: pane)
    }

    /// As addresses name it: `build~%3`.
    static func name(of pane: HostPane) -> String { "\(pane.host)~\(pane.pane)" }

    /// Whether a caller's `text` means it.
    static func isNamed(_ text: String, _ pane: HostPane) -> Bool {
        text == id(of: pane) || text == name(of: pane)
    }
}
