internal import Core
internal import Fleet
internal import Notify
internal import ProcessKit

/// Writes confirmations to the bus, one after another: while another writer is stopped nobody waits but they.
actor ConfirmationDesk {
    private let context: SiteContext
    private let executor = BlockingExecutor(label: "confirmations")
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init(context: SiteContext) { self.context = context }

    /// Appends it to `confirmations.jsonl`, of which an id counts once; returns the id.
    func write(_ confirmation: Confirmation) throws -> String {
        try context.fleet?.requireTrust()
        let (id, line) = confirmation.line(context.surroundings)
        let writer = BusWriter(BusFolder(context.bus), limits: .init(patience: .seconds(1)))
        try writer.append([.object(line)], to: .confirmations)
        return id
    }
}
