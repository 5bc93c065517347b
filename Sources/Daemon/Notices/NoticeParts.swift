internal import Approvals
internal import Config
internal import Core
internal import Fleet
internal import Glibc
internal import Logging
internal import Notify
internal import Store
internal import SystemPackage
internal import TmuxKit

/// What telling people takes: channels, rules, and what must not be said.
struct NoticeParts: Sendable {
    let channels: ChannelSet
    let rules: DeliveryRules
    let redaction: Redaction
    /// Whose messages they are.
    let source: String
    let warnings: [String]

    /// `named`: every channel that is made, where it is not those that the settings name.
    init(
        _ settings: NotifySettings, named: Set<String>, source: String, bus: FilePath, tmux: Tmux?,
        surroundings: Surroundings, places: Places
    ) throws {
        let environment = try NotifyEnvironment(
            surroundings.environment, file: settings.environmentFile, places: places)
        channels = try ChannelSet(
            named: named,
            .init(
                environment: environment, secret: { try Secret.find(surroundings, places) },
                home: places.home, bus: bus, tmux: tmux))
        rules = DeliveryRules(settings, minuteOfDay: Self.minuteOfDay)
        redaction = environment.redaction
        self.source = source
        warnings = environment.warnings.map(\.rendered)
    }

    /// Those of a fleet.
    init(_ context: FleetContext, named: Set<String>? = nil) throws {
        let settings = context.configuration.notify
        try self.init(
            settings,
            named: named
                ?? DeliveryRules.named(in: settings, escalations: context.configuration.escalations.values),
            source: context.configuration.name, bus: context.configuration.watch.bus, tmux: context.tmux(),
            surroundings: context.surroundings, places: context.places)
    }

    /// Says once what is odd, and which channels nothing goes to.
    func announce(_ log: Logger) {
        for warning in warnings { log.warning("\(warning)") }
        for (name, why) in channels.unusable.sorted(by: { $0.key < $1.key }) {
            log.warning("notify: nothing goes to '\(name.visible)': \(why)")
        }
    }

    /// In the time zone of this process.
    private static func minuteOfDay(_ time: Timestamp) -> Int {
        var seconds = time_t(time.milliseconds / 1000)
        var parts = unsafe tm()
        unsafe localtime_r(&seconds, &parts)
        return unsafe Int(parts.tm_hour) * 60 + Int(parts.tm_min)
    }
}

/// Completes messages at the moment when they go out: how to answer, and nothing at all once a question is settled.
struct NoticeCompletion: Sendable {
    private let notices: ApprovalNotices
    private let source: String
    private let now: @Sendable () -> Timestamp
    private let log: Logger

    /// `publicURL`: what links begin with; nil: there are none.
    init(
        store: FleetStore, source: String, secret: [UInt8], publicURL: String?, surroundings: Surroundings,
        log: Logger
    ) {
        if secret.count < 16 {
            log.warning("\(Secret.variable) has \(secret.count) bytes: who guesses it can answer approvals")
        }
        let keys = ApprovalKeys(secret: secret)
        notices = ApprovalNotices(
            store: store, links: publicURL.map { ApprovalLinks(base: $0, keys: keys) })
        self.source = source
        now = surroundings.now
        self.log = log
    }

    func callAsFunction(_ delivery: Delivery) async -> OutgoingNotice? {
        var notice = delivery.outgoing(source: source)
        switch await standing(of: OutboxID(delivery.key)) {
        case .noQuestion: return notice
        case .settled: return nil
        case .question(let completion):
            notice.title += completion.place
            notice.body = ([notice.body] + [completion.deadline].compactMap(\.self)).joined(separator: "\n")
            notice.links = completion.links.map { .init(approve: $0.approve, reject: $0.reject) }
            notice.hints = completion.hints
            return notice
        }
    }

    /// For a line of the bus, which holds everything but links.
    func links(for id: OutboxID) async -> (isSettled: Bool, links: OutgoingNotice.Links?) {
        switch await standing(of: id) {
        case .noQuestion: return (false, nil)
        case .settled: return (true, nil)
        case .question(let completion):
            return (false, completion.links.map { .init(approve: $0.approve, reject: $0.reject) })
        }
    }

    private func standing(of id: OutboxID) async -> ApprovalNotices.Standing {
        do {
            return try await notices.standing(of: id, at: now())
        } catch {
            // Better said without links than not at all.
            log.warning("notice \(id): \(error)")
            return .noQuestion
        }
    }
}
