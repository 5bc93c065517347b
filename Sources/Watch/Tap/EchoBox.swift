internal import Core
internal import Synchronization

/// Texts on their way from the hands to the readers of the panes: what a terminal echoes is nobody's report.
///
/// The hands put a text in before they type it, and a reader looks here after it has read bytes and before it
/// understands them, so an echo never comes first. After a crash the outbox says what was typed.
public final class EchoBox: Sendable {
    private let texts = Mutex<[AgentID: [String]]>([:])

    public init() {}

    func put(_ text: String, for agent: AgentID) {
        texts.withLock { $0[agent, default: []].append(text) }
    }

    func take(for agent: AgentID) -> [String] {
        texts.withLock { $0.removeValue(forKey: agent) ?? [] }
    }
}
