internal import HummingbirdCore
internal import Synchronization

/// How many connections the servers of a site have together: what they may not accept waits in the system's queue.
///
/// Clients cannot use up the descriptors that watching needs.
final class ConnectionBudget: Sendable {
    private let limit: Int
    private let open = Atomic(0)

    /// A server has at least so many for itself; without one it would not notice that there is room again.
    static let reserve = 8

    /// `openFiles`: how many files the process may have open.
    init(connections: Int, openFiles: Int) {
        limit = min(connections, openFiles / 3)
    }

    /// The share of one more server.
    func share() -> Share { Share(budget: self) }

    /// What one server asks before it accepts; its calls come from one thread.
    struct Share: AvailableConnectionsDelegate {
        fileprivate let budget: ConnectionBudget
        private var own = 0

        fileprivate init(budget: ConnectionBudget) { self.budget = budget }

        mutating func connectionOpened() {
            own += 1
            budget.open.add(1, ordering: .relaxed)
        }

        mutating func connectionClosed() {
            own -= 1
            budget.open.subtract(1, ordering: .relaxed)
        }

        func isAcceptingNewConnections() -> Bool {
            own < ConnectionBudget.reserve || budget.open.load(ordering: .relaxed) < budget.limit
        }
    }
}
