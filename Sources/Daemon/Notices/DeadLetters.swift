public import Core
public import Fleet
internal import ProcessKit
public import Store
internal import SystemPackage

/// Messages that were given up, or wait for another try: those of a fleet or of `run`, and of the relays of its bus.
public struct DeadLetters: Sendable {
    /// A message with the queue that it lies in.
    public struct Letter: Sendable {
        public var delivery: Delivery
        /// The relay's name; nil for the fleet's or the run's own queue.
        public var relay: String?
    }

    /// What came of sending messages again.
    public struct Retried: Sendable {
        public var count = 0
        /// Relays that would send some of them and do not run.
        public var sleepingRelays: [String] = []
        /// The process that empties the own queue has some of them to send, and does not run.
        public var isOwnSleeping = false
    }

    private let own: FleetStore
    private let bus: FilePath
    private let runs: FilePath
    private let now: @Sendable () -> Timestamp

    public init(context: FleetContext) {
        own = context.store
        bus = context.configuration.watch.bus
        runs = context.places.run
        now = context.surroundings.now
    }

    /// Those of what `run` keeps for a hosts.yaml.
    public init(of records: PaneRecords, _ surroundings: Surroundings) async throws {
        own = try await records.store(surroundings)
        bus = records.settings.bus
        runs = records.places.run
        now = surroundings.now
    }

    /// Everything in these states, queue by queue, the newest first.
    public func list(_ states: [Delivery.State]) async throws -> [Letter] {
        var letters: [Letter] = []
        for queue in try await queues() {
            for state in states {
                letters += try await queue.store.deliveries(state).map {
                    Letter(delivery: $0, relay: queue.relay)
                }
            }
        }
        return letters
    }

    /// Gives one, or all with nil, another day and wakes who sends them.
    ///
    /// Throws ``NotifyError/notDead(id:)`` when a named one is none.
    public func retry(_ id: Int64?) async throws -> Retried {
        var result = Retried()
        for queue in try await queues() {
            let count = try await queue.store.retryDeadDeliveries(id, at: now())
            guard count > 0 else { continue }
            result.count += count
            let run = runs.appending(queue.store.fleet.rawValue)
            if Files.isFolder(run) {
                try Files.write("", to: DeliveryService.wakeFile(run), mode: .ownerReadWrite)
            }
            if try DaemonLock.holder(role: .deliver, run: run) == nil {
                if let relay = queue.relay {
                    result.sleepingRelays.append(relay)
                } else {
                    result.isOwnSleeping = true
                }
            }
        }
        if let id, result.count == 0 { throw NotifyError.notDead(id: id) }
        return result
    }

    private func queues() async throws -> [(store: FleetStore, relay: String?)] {
        let relays = try await own.store.registrations(at: bus)
            .filter { $0.id.rawValue.hasPrefix(Relay.queuePrefix) }
        return [(own, nil)] + relays.map { (own.store.fleet($0.id), $0.name) }
    }
}
