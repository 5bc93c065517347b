internal import Core
internal import Store
internal import Synchronization

/// What came back from work that was begun: taken by the orchestrator in its next turn.
final class Inbox: Sendable {
    struct Item: Sendable {
        var event: OrchestratorEvent
        var decision: RecordedDecision?
    }

    private let items = Mutex<[Item]>([])
    private let ring: @Sendable () -> Void

    init(ring: @escaping @Sendable () -> Void) { self.ring = ring }

    func put(_ event: OrchestratorEvent, decision: RecordedDecision? = nil) {
        items.withLock { $0.append(Item(event: event, decision: decision)) }
        ring()
    }

    /// Puts back what could not be taken, before all others.
    func putBack(_ left: some Sequence<Item> & Sendable) {
        let left = Array(left)
        items.withLock { $0 = left + $0 }
    }

    func take() -> [Item] {
        items.withLock { items in
            defer { items = [] }
            return items
        }
    }

    var isEmpty: Bool { items.withLock { $0.isEmpty } }
}
