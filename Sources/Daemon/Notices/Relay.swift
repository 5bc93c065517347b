internal import Config
public import Core
internal import Fleet
public import Logging
internal import Notify
internal import ProcessKit
internal import ServiceLifecycle
internal import Store
public import SystemPackage
internal import UnixSignals

/// The composition root of `relay`: passes what stands on the local bus on to other channels.
public struct Relay: Sendable {
    /// What `relay` is asked for.
    public struct Options: Sendable {
        /// A hosts.yaml, a fleet's folder or its fleet.toml; nil: the fleet of the present folder.
        public var configuration: FilePath?
        public var channels: [String]
        /// A look at the bus at least so often.
        public var interval: Duration
        public var once: Bool
        /// Under what name it is kept how far this relay is.
        public var offsetName: String?

        public init(
            configuration: FilePath?, channels: [String], interval: Duration, once: Bool, offsetName: String?
        ) {
            self.configuration = configuration
            self.channels = channels
            self.interval = interval
            self.once = once
            self.offsetName = offsetName
        }
    }

    let surroundings: Surroundings
    let options: Options
    let log: Logger

    /// What the id of a relay's own queue begins with; the queue is registered with the bus as its place.
    static let queuePrefix = "relay-"

    public init(surroundings: Surroundings, options: Options, log: Logger) {
        self.surroundings = surroundings
        self.options = options
        self.log = log
    }

    /// What one pass of a relay did.
    public struct Pass: Sendable {
        /// Messages that the channels took.
        public var sent: Int
        /// Nothing is on the bus, and the fleet's channels lack `local_bus`: nothing comes there by itself.
        public var isBusUnused: Bool
    }

    /// Runs until TERM or INT, which gives nil, or until what is there was passed on once.
    ///
    /// Throws ``NotifyError``: for a channel that cannot be used, for a second relay of the same name, and after one pass
    /// when something is left.
    public func run() async throws -> Pass? {
        guard !options.channels.contains("local_bus") else { throw NotifyError.relayToBus }
        let source = try await RelaySource.open(options.configuration, surroundings)
        for warning in source.warnings { log.warning("\(warning)") }
        let parts = try parts(source)
        for (name, reason) in parts.channels.unusable.sorted(by: { $0.key < $1.key }) {
            throw NotifyError.unusable(channel: name, reason: reason)
        }
        let name = options.offsetName ?? "relay-\(options.channels.joined(separator: "-"))"
        let id = FleetID("\(Self.queuePrefix)\(ContentHash.of("\(source.bus)\n\(name)").prefix(16))")
        let run = source.places.run.appending(id.rawValue)
        guard let lock = try DaemonLock.take(role: .relay, run: run, processID: surroundings.processID) else {
            throw NotifyError.alreadyRelaying(pid: try DaemonLock.holder(role: .relay, run: run) ?? 0)
        }
        defer { withExtendedLifetime(lock) {} }
        let store = source.store.fleet(id)
        try await store.register(
            FleetRegistration(id: id, name: name, path: source.bus), at: surroundings.now())
        try lock.write(DaemonLock.text(surroundings.processID))
        let intake = RelayIntakeService(
            reader: BusReader(BusFolder(source.bus), .notifications, name: name),
            intake: RelayIntake(
                store: store, rules: parts.rules, unusable: parts.channels.unusable,
                redaction: parts.redaction),
            interval: options.interval, now: surroundings.now, log: log)
        let courier = try courier(source, parts, store)
        if options.once {
            let sent = try await pass(intake, courier, store)
            let isNamed = DeliveryRules.named(in: source.settings).contains("local_bus")
            return Pass(sent: sent, isBusUnused: !isNamed && intake.reader.isEmpty)
        }
        let bell = FileEvents()
        let deliveries = DeliveryService(
            courier: courier, store: store, run: run, bell: bell, processID: surroundings.processID, log: log)
        log.info(
            "relaying \(source.bus)/\(BusFile.notifications.name) to \(options.channels.joined(separator: ", "))"
        )
        let services: [any Service] = [deliveries, intake.waking { bell.wake() }]
        var configuration = ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
        return nil
    }

    /// Routes are those of the sender: everything goes to the relay's channels.
    private func parts(_ source: RelaySource) throws -> NoticeParts {
        var settings = source.settings
        settings.channels = options.channels
        settings.routes = [:]
        settings.branches = []
        return try NoticeParts(
            settings, named: Set(options.channels), source: source.name, bus: source.bus, tmux: source.tmux,
            surroundings: surroundings, places: source.places)
    }

    private func courier(
        _ source: RelaySource, _ parts: NoticeParts, _ store: FleetStore
    ) throws -> Courier {
        let completion = NoticeCompletion(
            store: source.approvals, source: source.name,
            secret: try Secret.find(surroundings, source.places), publicURL: source.publicURL,
            surroundings: surroundings, log: log)
        return Courier(
            store: store, channels: parts.channels, rules: parts.rules, redaction: parts.redaction,
            ids: surroundings.ids, now: surroundings.now,
            complete: { [name = source.name] delivery in
                var notice = delivery.outgoing(source: name)
                let id = OutboxID(String(delivery.key.dropFirst(RelayIntake.keyPrefix.count)))
                let standing = await completion.links(for: id)
                guard !standing.isSettled else { return nil }
                notice.links = standing.links
                return notice
            })
    }

    /// One look at the bus, and one try for each message; how many the channels took.
    private func pass(
        _ intake: RelayIntakeService, _ courier: Courier, _ store: FleetStore
    ) async throws -> Int {
        try await store.recoverDeliveries()
        try await intake.takeAll()
        var last: DeliveryFailure?
        var givenUp = 0
        var tried: Set<Delivery.ID> = []
        while case let claimed = try await courier.claim(), !claimed.isEmpty {
            tried.formUnion(claimed.map(\.id))
            let failures = try await withThrowingTaskGroup(of: DeliveryFailure?.self) { group in
                for delivery in claimed { group.addTask { try await courier.deliver(delivery) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            last = failures.compactMap(\.self).last ?? last
            givenUp += failures.count { $0?.isFinal == true }
        }
        let left = try await store.deliveries(.pending, limit: 10_000)
        if left.isEmpty, givenUp > 0, let last {
            throw NotifyError.givenUp(count: givenUp, reason: last.reason)
        }
        guard !left.isEmpty else {
            return try await store.deliveries(.done, limit: 10_000).count { tried.contains($0.id) }
        }
        throw NotifyError.left(
            count: left.count,
            reason: last?.reason ?? left[0].lastError ?? "the rate or quiet hours hold them")
    }
}

/// Looks at the bus when it changes.
struct RelayIntakeService: Service {
    let reader: BusReader
    let intake: RelayIntake
    let interval: Duration
    let now: @Sendable () -> Timestamp
    let log: Logger
    private let reading = BusReading()
    private var wake: @Sendable () -> Void = {}

    init(
        reader: BusReader, intake: RelayIntake, interval: Duration, now: @escaping @Sendable () -> Timestamp,
        log: Logger
    ) {
        self.reader = reader
        self.intake = intake
        self.interval = interval
        self.now = now
        self.log = log
    }

    func waking(_ wake: @escaping @Sendable () -> Void) -> RelayIntakeService {
        var copy = self
        copy.wake = wake
        return copy
    }

    func run() async throws {
        let events = FileEvents()
        var trouble: String?
        events.wake()
        for await _ in events.wakes.cancelOnGracefulShutdown() {
            _ = events.takeChanges()
            do {
                try reader.folder.make()
                try events.watch(reader.folder.path)
                try await takeAll()
                if trouble != nil { log.notice("bus: works again") }
                trouble = nil
            } catch {
                let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                if trouble != reason { log.error("bus: \(reason)") }
                trouble = reason
            }
            events.setAlarm(after: interval)
        }
    }

    /// Takes every whole line; one that was taken is committed, or seen again under its id.
    func takeAll() async throws {
        var position = try await reading.position(reader) ?? reader.beginning()
        while !Task.isCancelled {
            let batch = try await reading.read(reader, from: position)
            if batch.isGap { log.warning("bus: notifications were removed before they were read") }
            if batch.isCut {
                log.notice("bus: notifications were emptied or removed: they are read from their beginning")
            }
            if batch.skipped > 0 {
                log.warning("bus: \(batch.skipped) broken or too long lines were skipped")
            }
            var isNew = false
            for line in batch.lines {
                if try await intake.take(line, at: now()) { isNew = true }
            }
            if isNew { wake() }
            guard batch.end != position else { return }
            try await reading.commit(reader, batch.end)
            position = batch.end
        }
    }
}

extension RelayIntakeService: CustomStringConvertible {
    var description: String { "RelayIntakeService" }
}
