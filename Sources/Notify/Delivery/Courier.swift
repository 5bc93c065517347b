public import Core
public import Store

/// Brings what the queue holds to its channels: each goes at its own pace, and none waits for another.
public struct Courier: Sendable {
    private let store: FleetStore
    private let channels: ChannelSet
    private let rules: DeliveryRules
    private let redaction: Redaction
    private let ids: IDMaker
    private let now: @Sendable () -> Timestamp
    /// What a message needs besides its words; nil: nobody needs it any more.
    private let complete: @Sendable (Delivery) async throws -> OutgoingNotice?

    public init(
        store: FleetStore, channels: ChannelSet, rules: DeliveryRules, redaction: Redaction, ids: IDMaker,
        now: @escaping @Sendable () -> Timestamp,
        complete: @escaping @Sendable (Delivery) async throws -> OutgoingNotice?
    ) {
        self.store = store
        self.channels = channels
        self.rules = rules
        self.redaction = redaction
        self.ids = ids
        self.now = now
        self.complete = complete
    }

    /// What may go now, at most one for each channel.
    public func claim() async throws -> [Delivery] {
        try await store.claimDeliveries(rules: rules, at: now())
    }

    /// How long until something may go; nil while nothing waits.
    public func pause() async throws -> Duration? {
        let now = now()
        return try await store.nextDeliveryDue().map { max(now, $0).distance(from: now) }
    }

    /// Tries one delivery and writes down how that ended; what went wrong, when it was not delivered.
    ///
    /// A cancelled one stays under way: the next courier repeats it, and it says so.
    public func deliver(_ delivery: Delivery) async throws -> DeliveryFailure? {
        guard let notice = try await complete(delivery) else {
            try await finish(delivery, .withdrawn)
            return nil
        }
        guard let failure = await attempt(notice, delivery) else {
            try await finish(delivery, .delivered)
            return nil
        }
        // An exchange that was broken off may have arrived.
        if Task.isCancelled { return failure }
        let outcome = rules.outcome(
            of: failure, attempts: delivery.attempts, expiresAt: delivery.expiresAt, chance: ids.chance(),
            at: now())
        try await finish(delivery, outcome)
        return failure
    }

    /// What was sent must be written down, or it is sent again: tried until the database takes it.
    private func finish(_ delivery: Delivery, _ outcome: DeliveryOutcome) async throws {
        while true {
            do {
                return try await store.finish(delivery.id, outcome, at: now())
            } catch {
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    private func attempt(_ notice: OutgoingNotice, _ delivery: Delivery) async -> DeliveryFailure? {
        guard let channel = channels.channels[delivery.channel] else {
            let reason = channels.unusable[delivery.channel] ?? "the settings do not name it any more"
            return DeliveryFailure(reason, isChannelDown: false)
        }
        guard var failure = await channel.send(notice, at: now()) else { return nil }
        failure.reason = redaction(failure.reason)
        return failure
    }
}

extension Delivery {
    /// The message as it goes out: how often its words came, and whether it may have been said before.
    public func outgoing(source: String) -> OutgoingNotice {
        var title = notice.title
        if isFollowUp {
            title += counted == 0 ? " (again)" : " (\(counted + 1) more times)"
        } else if counted > 0 {
            title += " (\(counted + 1) times)"
        }
        if isInterrupted { title += " (perhaps said before)" }
        return OutgoingNotice(
            id: key, title: title, body: notice.body, severity: notice.severity, kind: kind, at: at,
            source: source, branch: branch, approval: approval)
    }
}
