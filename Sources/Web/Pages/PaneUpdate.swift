public import Core

/// What is new in a pane since a reader's last look, as lines of HTML.
///
/// Everything in it is escaped; the only markup are `span` elements with classes.
public struct PaneUpdate: Sendable, Equatable {
    public var agent: AgentID
    /// The pane's id on its server, such as `%3`.
    public var pane: String
    public var branch: String
    public var title: String
    public var columns: Int
    /// The reader must forget the lines that it has: its place is too old.
    public var isReset: Bool
    /// Lines that scrolled off, oldest first.
    public var history: [String]
    /// The rows of the screen.
    public var screen: [String]
    /// Hand it in the next time; it changes whenever something is new.
    public var place: PanePlace
    /// There is more already: ask again at once.
    public var isBehind: Bool

    /// As `pane` events carry it.
    public var json: JSONValue {
        [
            "agent": .string(agent.rawValue), "pane": .string(pane), "branch": .string(branch),
            "title": .string(title), "columns": .integer(Int64(columns)), "reset": .bool(isReset),
            "history": .array(history.map { .string($0) }), "screen": .array(screen.map { .string($0) }),
        ]
    }
}

/// How far somebody has seen a pane.
public struct PanePlace: Sendable, Equatable {
    var follower: Int
    var serial: UInt64
    var offset: Int64
}
