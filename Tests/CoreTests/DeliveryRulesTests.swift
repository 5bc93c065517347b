import Core
import Testing

@Suite("What goes out through which channel, and when")
struct DeliveryRulesTests {
    /// 2026-01-01T12:00:00Z; the tests' people live in UTC.
    private static let noon = Timestamp(milliseconds: 1_767_268_800_000)

    private func rules(_ change: (inout NotifySettings) -> Void = { _ in }) -> DeliveryRules {
        var settings = NotifySettings()
        change(&settings)
        return DeliveryRules(settings) { Int($0.milliseconds / 60_000 % 1440) }
    }

    private func at(_ seconds: Int64) -> Timestamp { Self.noon.advanced(by: .seconds(seconds)) }

    // MARK: - Who

    struct Route: Sendable, CustomTestStringConvertible {
        var branch: String?
        var severity: Notice.Severity
        var own: [String]?
        var expected: [String]
        var testDescription: String { "\(branch ?? "-") \(severity) \(own ?? [])" }
    }

    @Test(arguments: [
        Route(branch: nil, severity: .info, expected: ["stdout"]),
        Route(branch: nil, severity: .critical, expected: ["desktop", "wecom"]),
        Route(branch: "feature/x", severity: .critical, expected: ["desktop", "wecom"]),
        Route(branch: "release/1", severity: .info, expected: ["wecom_app"]),
        Route(branch: "release/1", severity: .critical, expected: ["wecom_app"]),
        Route(branch: "hotfix/1", severity: .critical, expected: ["tmux"]),
        Route(branch: "hotfix/1", severity: .info, expected: ["webhook"]),
        Route(branch: "hotfix/1", severity: .warning, expected: ["stdout"]),
        Route(branch: "release/1", severity: .info, own: ["webhook", "webhook"], expected: ["webhook"]),
        Route(branch: "release/1", severity: .info, own: [], expected: []),
    ])
    func theMostParticularRouteDecides(_ route: Route) {
        let rules = rules { settings in
            settings.routes = ["critical": ["desktop", "wecom", "desktop"]]
            settings.branches = [
                BranchRoute(branches: .branch("release/*"), channels: ["wecom_app"]),
                BranchRoute(branches: .branch("hotfix/*"), severities: ["critical": ["tmux"]]),
                BranchRoute(branches: .branch("hotfix/*"), severities: ["info": ["webhook"]]),
            ]
        }
        let notice = Notice(title: "t", body: "", severity: route.severity, channels: route.own)
        #expect(rules.channels(for: notice, branch: route.branch) == route.expected)
    }

    // MARK: - The same again

    @Test func theSameWordsAreSaidOnceAWhileAndThenWithACount() {
        let rules = rules { $0.collapse = .seconds(60) }
        #expect(rules.folding(of: .message, sameWordsDue: nil, at: at(0)) == .alone)
        #expect(rules.folding(of: .message, sameWordsDue: at(0), at: at(0)) == .followUp(at: at(60)))
        #expect(rules.folding(of: .message, sameWordsDue: at(0), at: at(59)) == .followUp(at: at(60)))
        #expect(rules.folding(of: .message, sameWordsDue: at(0), at: at(60)) == .alone)
        // The follow-up waits: it counts.
        #expect(rules.folding(of: .message, sameWordsDue: at(60), at: at(59)) == .counted)
        // It went out: the next one follows it.
        #expect(rules.folding(of: .message, sameWordsDue: at(60), at: at(61)) == .followUp(at: at(120)))
    }

    @Test func questionsAndEscalationsAreNeverCountedTogether() {
        for kind in [NoticeKind.approval, .escalation, .relayed] {
            #expect(rules().folding(of: kind, sameWordsDue: at(0), at: at(1)) == .alone)
        }
        let off = rules { $0.collapse = nil }
        #expect(off.folding(of: .message, sameWordsDue: at(0), at: at(1)) == .alone)
    }

    // MARK: - When

    @Test func rateHoldsUntilTheOldestOfTheWhileIsOver() {
        let rules = rules { $0.rate = RateLimit(count: 3, per: .seconds(60)) }
        let two = [at(-10), at(-20)]
        #expect(rules.turn(of: "wecom", next: .info, sent: two, at: at(0)) == .send)
        let three = two + [at(-30)]
        #expect(
            rules.turn(of: "wecom", next: .critical, sent: three, at: at(0))
                == .hold(until: at(30), exceptCritical: false))
        #expect(rules.turn(of: "wecom", next: .info, sent: three, at: at(30)) == .send)
        // What lies further back does not count, and more than allowed still frees one place after another.
        #expect(
            rules.turn(of: "wecom", next: .info, sent: three + [at(-5), at(-61)], at: at(0))
                == .hold(until: at(40), exceptCritical: false))
        #expect(rules.turn(of: "stdout", next: .info, sent: three, at: at(0)) == .send)
        #expect(rules.turn(of: "local_bus", next: .info, sent: three, at: at(0)) == .send)
        #expect(
            self.rules { $0.rate = nil }.turn(of: "wecom", next: .info, sent: three, at: at(0)) == .send)
    }

    @Test(
        arguments: [
            ("11:00-13:00", 0, 3600), ("12:00-12:01", 59, 60), ("22:00-12:30", 0, 1800),
            ("11:59-11:58", 0, 86_280), ("12:00-00:00", 0, 43_200),
        ] as [(String, Int64, Int64)])
    func quietHoursEndAtTheirMinute(hours: String, now: Int64, end: Int64) throws {
        let rules = rules { $0.quietHours = QuietHours(hours) }
        #expect(rules.settings.quietHours != nil)
        #expect(
            rules.turn(of: "wecom", next: .warning, sent: [], at: at(now))
                == .hold(until: at(end), exceptCritical: true))
        #expect(rules.turn(of: "wecom", next: .critical, sent: [], at: at(now)) == .send)
        #expect(rules.turn(of: "stdout", next: .info, sent: [], at: at(now)) == .send)
        // At that time they are over, or the hours would hold for ever.
        if case .hold(let until, _) = rules.turn(of: "wecom", next: .info, sent: [], at: at(end)) {
            #expect(until > at(end))
        }
    }

    @Test func outsideQuietHoursEverythingGoes() {
        let rules = rules { $0.quietHours = QuietHours("22:00-07:00") }
        #expect(rules.turn(of: "wecom", next: .info, sent: [], at: at(0)) == .send)
    }

    // MARK: - Once more

    @Test func pausesDoubleUpToHalfAnHourWithChanceInThem() throws {
        let failure = DeliveryFailure("503", isChannelDown: true)
        func pause(_ attempts: Int, chance: Double) throws -> Int64 {
            let outcome = rules().outcome(
                of: failure, attempts: attempts, expiresAt: at(86_400), chance: chance, at: at(0))
            guard case .retry(let due, "503", true) = outcome else { return -1 }
            return due.distance(from: at(0)).inMilliseconds
        }
        #expect(try pause(1, chance: 0) == 3750)
        #expect(try pause(1, chance: 0.5) == 5000)
        #expect(try pause(2, chance: 0.5) == 10_000)
        #expect(try pause(5, chance: 0.999) == 99_960)
        for attempts in [10, 63, 64, 1_000_000] {
            #expect(try pause(attempts, chance: 0.5) == 1_800_000, "\(attempts)")
        }
    }

    @Test func whatTheReceiverAsksForIsWaitedFor() {
        let rules = rules()
        func outcome(_ pause: Duration, attempts: Int = 1) -> DeliveryOutcome {
            rules.outcome(
                of: DeliveryFailure("busy", pause: pause, isChannelDown: false), attempts: attempts,
                expiresAt: at(86_400), chance: 0.5, at: at(0))
        }
        #expect(outcome(.seconds(60)) == .retry(at: at(60), error: "busy", holdsChannel: false))
        #expect(outcome(.seconds(1)) == .retry(at: at(5), error: "busy", holdsChannel: false))
        #expect(outcome(.seconds(200_000)) == .retry(at: at(86_400), error: "busy", holdsChannel: false))
    }

    @Test func afterADayAMessageIsGivenUp() {
        let failure = DeliveryFailure("503", isChannelDown: true)
        func outcome(at now: Timestamp) -> DeliveryOutcome {
            rules().outcome(of: failure, attempts: 60, expiresAt: at(86_400), chance: 0.5, at: now)
        }
        // The last try is at the end of its time.
        #expect(outcome(at: at(86_300)) == .retry(at: at(86_400), error: "503", holdsChannel: true))
        #expect(outcome(at: at(86_400)) == .dead(error: "503"))
    }

    @Test func whatNoLaterTryMendsIsGivenUpAtOnce() {
        let failure = DeliveryFailure("404", pause: .seconds(60), isChannelDown: false, isFinal: true)
        #expect(
            rules().outcome(of: failure, attempts: 1, expiresAt: at(86_400), chance: 0.5, at: at(0))
                == .dead(error: "404"))
    }

    @Test(arguments: [
        ("run-1/lint/1/notify-fail/0", NoticeKind.message), ("run-1/lint/1/escalate/0", .escalation),
        ("ap-1/asked", .approval), ("ap-1/reminder/3", .approval), ("ap-1/expired", .approval),
        ("bus/x", .message), ("a/b/escalate/0", .message),
    ])
    func kindFollowsFromTheAction(id: String, kind: NoticeKind) {
        #expect(NoticeKind(OutboxID(id)) == kind)
    }
}
