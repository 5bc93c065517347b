internal import Core

/// A queue of a subject's actions that waits for no other: a shell command of ten minutes holds up no message.
///
/// Between lanes nothing orders actions but the machine that decides on them: it asks for the next one of a stage when
/// the one before has ended.
enum OutboxLane: String, CaseIterable {
    /// What is typed into the pane.
    case pane
    /// What runs in a process of its own.
    case shell
    /// What waits for nothing: words to people or to the journal, and answers to dialogs.
    case message

    init(_ action: Action) {
        self =
            switch action {
            case .sendKeys, .keys: .pane
            case .shell, .spawn: .shell
            // Not behind a text in the pane's lane, which waits for the dialog to go.
            case .notify, .emit, .answerDialog: .message
            }
    }
}
