internal import Core
internal import Synchronization

/// Texts on their way from the hands to the readers of the panes: what a terminal echoes is nobody's report.
///
/// The hands put a text in before they type it, and a reader looks here after it has read bytes and before it
/// understands them, so an echo never comes first. After a crash the outbox says what was typed.
public final class EchoBox: Sendable {
    private let texts = Mutex<[Subject: [String]]>([:])

    public init() {}

    func put(_ text: String, for subject: Subject) {
        texts.withLock { $0[subject, default: []].append(text) }
    }

    func take(for subject: Subject) -> [String] {
        texts.withLock { $0.removeValue(forKey: subject) ?? [] }
    }
}
