/// Decides what goes out through which channel, and when; the queue and the sending are others'.
public struct DeliveryRules: Sendable {
    public let settings: NotifySettings
    /// Minutes after midnight in the user's time zone.
    let minuteOfDay: @Sendable (Timestamp) -> Int

    public init(_ settings: NotifySettings, minuteOfDay: @escaping @Sendable (Timestamp) -> Int) {
        self.settings = settings
        self.minuteOfDay = minuteOfDay
    }

    /// After so long a message that could not be delivered is given up.
    public static let lifetime = Duration.seconds(86_400)
    static let firstPause = Duration.seconds(5)
    static let longestPause = Duration.seconds(1800)

    /// Channels that disturb nobody and have no server: neither quiet hours nor the rate hold them.
    static let silent: Set<String> = ["stdout", "local_bus"]
}

// MARK: - Who

extension DeliveryRules {
    /// Who hears of a message: those that it names itself, else those of its branch, else those of its severity, else all
    /// that are configured; each once, in written order.
    public func channels(for notice: Notice, branch: String?) -> [String] {
        let severity = notice.severity.rawValue
        let named =
            notice.channels ?? byBranch(branch, severity) ?? settings.routes[severity] ?? settings.channels
        var seen: Set<String> = []
        return named.filter { seen.insert($0).inserted }
    }

    private func byBranch(_ branch: String?, _ severity: String) -> [String]? {
        guard let branch else { return nil }
        for route in settings.branches where route.branches.matches(branch) {
            if let channels = route.severities[severity] ?? route.channels { return channels }
        }
        return nil
    }

    /// Every channel that the settings name.
    public static func named(
        in settings: NotifySettings, escalations: some Sequence<EscalationSettings> = []
    ) -> Set<String> {
        Set(settings.channels).union(settings.routes.values.joined())
            .union(settings.branches.flatMap { ($0.channels ?? []) + $0.severities.values.joined() })
            .union(escalations.flatMap { $0.channels ?? [] })
    }
}

// MARK: - The same again

extension DeliveryRules {
    /// What becomes of a message whose words were said before.
    public enum Folding: Sendable, Equatable {
        /// It goes out by itself.
        case alone
        /// It goes out at the end of the while in which the same was said, for itself and all that follow until then.
        case followUp(at: Timestamp)
        /// It is counted by the one that waits for that end.
        case counted
    }

    /// `due`: when the last message of these words went or goes out; nil: there is none.
    public func folding(of kind: NoticeKind, sameWordsDue due: Timestamp?, at now: Timestamp) -> Folding {
        // Two questions of one wording are two questions.
        guard let window = settings.collapse, window > .zero, kind == .message, let due else { return .alone }
        if due > now { return .counted }
        let end = due.advanced(by: window)
        return end > now ? .followUp(at: end) : .alone
    }
}

// MARK: - When

extension DeliveryRules {
    /// Whether a channel's next message may go.
    public enum Turn: Sendable, Equatable {
        case send
        /// Everything that waits for the channel waits until then; in quiet hours all but critical messages.
        case hold(until: Timestamp, exceptCritical: Bool)
    }

    /// `next`: the most urgent of what waits; `sent`: when messages went into the channel in the last while.
    public func turn(
        of channel: String, next severity: Notice.Severity, sent: [Timestamp], at now: Timestamp
    ) -> Turn {
        guard !Self.silent.contains(channel) else { return .send }
        if severity != .critical, let end = quietEnd(at: now) {
            return .hold(until: end, exceptCritical: true)
        }
        if let rate = settings.rate {
            let recent = sent.filter { now.distance(from: $0) < rate.span }.sorted()
            if recent.count >= rate.count {
                let oldest = recent[recent.count - rate.count]
                return .hold(until: oldest.advanced(by: rate.span), exceptCritical: false)
            }
        }
        return .send
    }

    /// How far back `turn` needs to know what was sent.
    public var rateSpan: Duration { settings.rate?.span ?? .zero }

    /// Nil outside quiet hours.
    ///
    /// A change to summer time in between is put right by asking again then.
    func quietEnd(at now: Timestamp) -> Timestamp? {
        guard let quiet = settings.quietHours else { return nil }
        let minute = minuteOfDay(now)
        guard quiet.contains(minuteOfDay: minute) else { return nil }
        let minutes = (quiet.end - minute + 1440) % 1440
        let wholeMinute = now.milliseconds - now.milliseconds % 60_000
        return Timestamp(milliseconds: wholeMinute + Int64(minutes) * 60_000)
    }
}

// MARK: - Once more

/// Why a channel did not take a message.
public struct DeliveryFailure: Error, Sendable, Equatable {
    /// For people, without secrets.
    public var reason: String
    /// What the receiver asks for (`Retry-After`, or a limit that it names).
    public var pause: Duration?
    /// Nothing else would get through now either: the whole channel waits.
    public var isChannelDown: Bool
    /// No later try would go better: somebody has to change the settings or the message first.
    public var isFinal: Bool

    public init(_ reason: String, pause: Duration? = nil, isChannelDown: Bool, isFinal: Bool = false) {
        self.reason = reason
        self.pause = pause
        self.isChannelDown = isChannelDown
        self.isFinal = isFinal
    }
}

/// How one try to deliver ended.
public enum DeliveryOutcome: Sendable, Equatable {
    case delivered
    case retry(at: Timestamp, error: String, holdsChannel: Bool)
    case dead(error: String)
    /// Nobody needs it any more: its question was answered meanwhile.
    case withdrawn
}

extension DeliveryRules {
    /// `attempts`: with the one that failed; `chance`: from 0 up to 1, so that many do not come back at one moment.
    public func outcome(
        of failure: DeliveryFailure, attempts: Int, expiresAt: Timestamp, chance: Double, at now: Timestamp
    ) -> DeliveryOutcome {
        guard now < expiresAt, !failure.isFinal else { return .dead(error: failure.reason) }
        let doubled = Self.firstPause * (1 << min(max(0, attempts - 1), 20))
        let spread = min(doubled, Self.longestPause).inMilliseconds
        let own = Duration.milliseconds(Int64(Double(spread) * (0.75 + chance / 2)))
        let due = now.advanced(by: max(own, failure.pause ?? .zero))
        // The last try is the one at the end of its time.
        return .retry(
            at: min(due, expiresAt), error: failure.reason, holdsChannel: failure.isChannelDown)
    }
}
