internal import Config
internal import Core
internal import TmuxKit

/// Reads a captured screen by the rules of one kind of agent program.
public struct ScreenJudge: Sendable {
    let kind: AgentKind

    /// No rules know this program: only its quietness says that it is ready.
    var isGeneric: Bool { true }
}

/// What a captured screen means.
struct PaneView: Sendable {
    var rows: [String]
    var isDead: Bool
    var state: AgentState?
    var waitingFor: WaitingFor?
    var isReady: Bool
    /// What stands in the composer; nil when it is empty or cannot be found.
    var composerText: String?
}

extension ScreenJudge {
    func view(of capture: PaneCapture) -> PaneView {
        PaneView(rows: capture.rows, isDead: capture.pane.isDead, isReady: false)
    }

    /// Plain lines for a line-reading shell are typed; everything else is pasted as one text.
    func style(of text: String) -> TypingStyle { isGeneric && !text.contains("\n") ? .typed : .pasted }
}

extension FleetContext {
    func judge(kind: AgentKind) throws -> ScreenJudge { ScreenJudge(kind: kind) }
}
