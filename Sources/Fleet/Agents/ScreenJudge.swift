internal import Config
public import Core
internal import TmuxKit

/// Reads a captured screen by the rules of one kind of agent program.
public struct ScreenJudge: Sendable {
    let kind: AgentKind

    /// No rules know this program: only its quietness says that it is ready.
    var isGeneric: Bool { true }
}

/// What a screen means.
public struct PaneView: Sendable {
    public var rows: [String]
    public var isDead: Bool
    public var state: AgentState?
    public var waitingFor: WaitingFor?
    public var isReady: Bool
    /// What stands in the composer; nil when it is empty or cannot be found.
    public var composerText: String?
}

extension ScreenJudge {
    func view(of capture: PaneCapture) -> PaneView {
        var view = view(rows: capture.rows, title: capture.pane.title, cursorRow: capture.cursorRow)
        view.isDead = capture.pane.isDead
        return view
    }

    /// Judges a living program's screen; `cursorRow` counts from zero.
    public func view(rows: [String], title: String, cursorRow: Int) -> PaneView {
        PaneView(rows: rows, isDead: false, isReady: false)
    }

    /// Plain lines for a line-reading shell are typed; everything else is pasted as one text.
    func style(of text: String) -> TypingStyle { isGeneric && !text.contains("\n") ? .typed : .pasted }
}

extension FleetContext {
    public func judge(kind: AgentKind) throws -> ScreenJudge { ScreenJudge(kind: kind) }
}
