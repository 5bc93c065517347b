public import Core
internal import TmuxKit

/// By what people and policies know a pane that was not spawned here; the journal has it from the pane's first look on.
public struct PaneSight: Sendable, Equatable {
    public var session: String
    public var window: String
    /// By the name of the program that runs in it.
    public var kind: AgentKind

    init(_ pane: PaneSnapshot, kind: AgentKind) {
        (session, window, self.kind) = (pane.session.rawValue, pane.windowName, kind)
    }

    /// Nil when the payload is not one of `pane.seen`.
    public init?(_ payload: JSONObject) {
        guard let session = payload["session"]?.string, let window = payload["window"]?.string,
            let kind = payload["kind"]?.string
        else { return nil }
        (self.session, self.window, self.kind) = (session, window, AgentKind(kind))
    }

    var json: JSONObject {
        ["session": .string(session), "window": .string(window), "kind": .string(kind.rawValue)]
    }
}
