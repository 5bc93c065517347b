internal import Config
public import Core
internal import TmuxKit

/// Reads a screen by the rules of one kind of agent program.
public struct ScreenJudge: Sendable {
    let rules: DetectionRules?

    /// No rules know the program's manners, or it reads lines like a shell: then quiet, not the screen, says that it
    /// has nothing to do.
    public var isGeneric: Bool { rules == nil || rules?.kind == .shell }

    /// Judges a living program's screen; `cursorRow` counts from zero.
    public func view(rows: [String], title: String, cursorRow: Int) -> PaneView {
        guard let rules else { return PaneView(rows: rows) }
        let screen = ScreenView(rows: rows, title: title, cursorRow: cursorRow)
        let detection = rules.judge(screen)
        let composer = rules.composerContent(screen)
        var view = PaneView(rows: rows)
        // A shell's screen that shows no prompt may be a program that is long done printing.
        let isVague = isGeneric && detection.state == .working
        view.state = detection.state == .unknown || isVague ? nil : detection.state
        view.waitingFor = detection.waitingFor
        if detection.state == .waiting { view.dialog = rules.dialog(screen) }
        view.isReady = detection.isReady
        view.composerText = isGeneric ? nil : composer.flatMap { $0.isEmpty ? nil : $0.text }
        return view
    }

    func view(of capture: PaneCapture) -> PaneView {
        var view = view(rows: capture.rows, title: capture.pane.title, cursorRow: capture.cursorRow)
        view.isDead = capture.pane.isDead
        if rules?.kind == .shell, capture.rows.indices.contains(capture.cursorRow) {
            let line = PromptLine(capture.rows[capture.cursorRow], cursorColumn: capture.cursorColumn)
            view.typedText = line.typed.map(String.init)
        }
        return view
    }

    /// Plain lines for a line-reading shell are typed, and so are slash commands, which a paste does not trigger;
    /// everything else is pasted as one text.
    func style(of text: String) -> TypingStyle {
        if text.contains("\n") { return .pasted }
        return isGeneric || text.hasPrefix("/") ? .typed : .pasted
    }

    private static let builtIn = Result { try DetectionLibrary.builtIn() }

    /// By the built-in rules alone, for panes of no fleet; a kind without rules is generic.
    public static func of(_ kind: AgentKind) throws -> ScreenJudge {
        ScreenJudge(rules: try builtIn.get().rules(of: kind))
    }
}

/// What a screen means.
public struct PaneView: Sendable {
    public var rows: [String]
    public var isDead = false
    /// Nil when the screen does not say.
    public var state: AgentState?
    public var waitingFor: WaitingFor?
    /// The dialog that it waits at, if the rules know it.
    public var dialog: DetectedDialog?
    public var isReady = false
    /// What stands in the composer; nil when it is empty or cannot be found.
    public var composerText: String?
    /// What stands behind a shell's prompt; nil when nothing does or it cannot be told.
    var typedText: String?

    /// Why no text may be typed now: a list of options stands there.
    ///
    /// A question that takes a letter takes a text, too.
    var dialogInTheWay: String? {
        guard let dialog, dialog.options.contains(where: { $0.key == nil }) else { return nil }
        return "a dialog waits for an answer (\(dialog.waitingFor.rawValue))"
    }
}
