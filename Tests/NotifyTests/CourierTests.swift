import Core
import Notify
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// The queue and real channels together.
@Suite(.timeLimit(.minutes(1)))
struct CourierTests {
    /// A clock that a test sets.
    private final class Clock: Sendable {
        private let seconds = Setting(0)
        func now() -> Timestamp { later(Int64(seconds.value)) }
        func set(_ value: Int64) { seconds.set(Int(value)) }
    }

    private struct Post {
        var store: FleetStore
        var courier: Courier
        var rules: DeliveryRules
        var clock: Clock

        func say(_ key: String, _ title: String = "t", severity: Notice.Severity = .info) async throws {
            let draft = NoticeDraft(
                Notice(title: title, body: "b", severity: severity), for: OutboxID(key),
                subject: .mainCheckout)
            try await store.post(draft, rules: rules, at: clock.now())
        }

        /// Delivers what may go now, side by side, until nothing may.
        func work() async throws {
            while case let claimed = try await courier.claim(), !claimed.isEmpty {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for delivery in claimed { group.addTask { _ = try await courier.deliver(delivery) } }
                    try await group.waitForAll()
                }
            }
        }
    }

    private func withPost(
        _ channelNames: [String], _ variables: [String: String],
        change: (inout NotifySettings) -> Void = { _ in },
        complete: (@Sendable (Delivery) async throws -> OutgoingNotice?)? = nil,
        _ body: (Post) async throws -> Void
    ) async throws {
        var settings = NotifySettings()
        settings.channels = channelNames
        change(&settings)
        let rules = DeliveryRules(settings) { _ in 720 }
        try await withTemporaryFolder { folder in
            let store = try Store.inMemory().fleet(FleetID("fleet-shop"))
            try await store.register(FleetRegistration(id: store.fleet, name: "shop", path: "/r"), at: noon)
            let clock = Clock()
            let courier = Courier(
                store: store, channels: try channels(channelNames, variables, in: folder), rules: rules,
                redaction: Redaction(), ids: counting(), now: { clock.now() },
                complete: complete ?? { $0.outgoing(source: "shop") })
            try await body(Post(store: store, courier: courier, rules: rules, clock: clock))
        }
    }

    @Test func failingServerIsAskedLessAndLessUntilTheMessageIsGivenUp() async throws {
        let server = try LoopbackServer { _ in .respond(status: 500) }
        try await withPost(["webhook"], ["NOTIFY_WEBHOOK_URL": server.url]) { post in
            try await post.say("m1")
            try await post.work()
            #expect(server.received.count == 1)
            try await post.work()
            #expect(server.received.count == 1, "not before its time")
            var seconds: Int64 = 0
            while try await post.store.deliveries(.dead).isEmpty, seconds < 200_000 {
                let pause = try #require(try await post.courier.pause())
                seconds += max(1, pause.components.seconds + 1)
                post.clock.set(seconds)
                try await post.work()
            }
            let dead = try #require(try await post.store.deliveries(.dead).first)
            #expect(dead.lastError == "the receiver answered with status 500")
            #expect((50...75).contains(dead.attempts), "\(dead.attempts)")
            #expect((86_400..<90_000).contains(seconds), "\(seconds)")
            #expect(server.received.allSatisfy { $0.headers["x-notice-id"] == "m1" })
        }
    }

    @Test func aWrongAddressIsADeadLetterAtOnceAndCanBeSentAgain() async throws {
        let status = Setting(404)
        let server = try LoopbackServer { _ in .respond(status: status.value) }
        try await withPost(["webhook"], ["NOTIFY_WEBHOOK_URL": server.url]) { post in
            for number in 1...2 { try await post.say("m\(number)", "t\(number)") }
            try await post.work()
            let dead = try await post.store.deliveries(.dead)
            #expect(
                dead.map(\.lastError) == Array(repeating: "the receiver answered with status 404", count: 2))
            #expect(dead.map(\.attempts) == [1, 1] && server.received.count == 2)
            status.set(204)
            #expect(try await post.store.retryDeadDeliveries(at: noon) == 2)
            try await post.work()
            #expect(try await post.store.deliveries(.done).count == 2)
        }
    }

    @Test func retryAfterHoldsTheWholeChannel() async throws {
        let calls = Setting(0)
        let server = try LoopbackServer { _ in
            calls.next() == 0
                ? .respond(status: 429, headers: ["Retry-After": "100"]) : .respond(status: 204)
        }
        try await withPost(["webhook"], ["NOTIFY_WEBHOOK_URL": server.url]) { post in
            for number in 1...3 { try await post.say("m\(number)", "t\(number)") }
            try await post.work()
            #expect(server.received.count == 1)
            post.clock.set(99)
            try await post.work()
            #expect(server.received.count == 1)
            post.clock.set(100)
            try await post.work()
            #expect(server.received.map { $0.headers["x-notice-id"] } == ["m1", "m1", "m2", "m3"])
        }
    }

    @Test func hangingChannelDelaysNoOther() async throws {
        let slow = try LoopbackServer { _ in .hang }
        let quick = try LoopbackServer { _ in .json("{\"errcode\":0}") }
        try await withPost(
            ["webhook", "wecom"], ["NOTIFY_WEBHOOK_URL": slow.url, "WECOM_WEBHOOK": quick.url + "/?key=k"]
        ) { post in
            for number in 1...5 { try await post.say("m\(number)", "t\(number)") }
            let first = try await post.courier.claim()
            let hanging = try #require(first.first { $0.channel == "webhook" })
            let courier = post.courier
            let stuck = Task { try await courier.deliver(hanging) }
            _ = try await post.courier.deliver(try #require(first.first { $0.channel == "wecom" }))
            try await post.work()
            #expect(quick.received.count == 5)
            let isAsked = try await eventually(within: .seconds(20)) { slow.received.count == 1 }
            #expect(isAsked)
            // Told to stop, it does not wait for its server; what was under way is repeated, and says so.
            stuck.cancel()
            let failure = try await stuck.value
            #expect(failure != nil)
            #expect(try await post.store.recoverDeliveries() == 1)
            slow.stop()
            let again = try await post.courier.claim()
            #expect(again.map { $0.outgoing(source: "").title } == ["t1 (perhaps said before)"])
        }
    }

    @Test func countedMessagesSayHowMany() async throws {
        let server = try LoopbackServer { _ in .respond(status: 204) }
        try await withPost(["webhook"], ["NOTIFY_WEBHOOK_URL": server.url]) { post in
            for number in 0..<6 {
                post.clock.set(Int64(number))
                try await post.say("m\(number)", "storm")
                try await post.work()
            }
            post.clock.set(60)
            try await post.work()
            let titles = try server.received.map { try JSONValue.parse(bytes: $0.body)["title"]?.string }
            #expect(titles == ["storm", "storm (5 more times)"])
        }
    }

    @Test func whatNobodyNeedsAnyMoreIsWithdrawn() async throws {
        let server = try LoopbackServer { _ in .respond(status: 204) }
        try await withPost(
            ["webhook"], ["NOTIFY_WEBHOOK_URL": server.url],
            complete: { $0.key == "gone" ? nil : $0.outgoing(source: "shop") }
        ) { post in
            try await post.say("gone")
            try await post.say("there", "u")
            try await post.work()
            #expect(server.received.map { $0.headers["x-notice-id"] } == ["there"])
            #expect(try await post.store.deliveries(.withdrawn).map(\.key) == ["gone"])
        }
    }

    @Test func channelThatWasTakenOutOfTheSettingsIsSaid() async throws {
        try await withPost(["stdout"], [:], change: { $0.channels = ["wecom"] }) { post in
            try await post.say("m1")
            try await post.work()
            #expect(
                try await post.store.deliveries(.pending).map(\.lastError)
                    == ["the settings do not name it any more"])
        }
    }

    // MARK: - The relay's way in

    @Test func relayTakesEachLineOnce() async throws {
        let server = try LoopbackServer { _ in .json("{\"errcode\":0}") }
        try await withTemporaryFolder { folder in
            let bus = BusFolder(folder.appending("bus"))
            try await withPost(["wecom"], ["WECOM_WEBHOOK": server.url + "/?key=k"]) { post in
                let writer = BusWriter(bus)
                try writer.append(
                    [
                        ["id": "1", "ts": noon.busTime, "title": "one", "body": "b"],
                        ["id": "1", "ts": noon.busTime, "title": "one", "body": "b"],
                        ["id": "2", "ts": noon.busTime, "title": "one", "body": "b"],
                        ["id": "3", "ts": later(-86_401).busTime, "title": "of yesterday", "body": ""],
                        ["id": "4", "title": "", "body": ""], ["id": "5", "body": "only a body"],
                        [
                            "id": "6", "title": "attention",
                            "meta": ["requires_attention": true, "branch": "feature/a"],
                        ],
                    ], to: .notifications)
                let intake = RelayIntake(
                    store: post.store, rules: post.rules, unusable: [:], redaction: Redaction())
                let reader = BusReader(bus, .notifications, name: "r")
                for _ in 0..<2 {
                    for line in try reader.read(from: reader.beginning()).lines {
                        _ = try await intake.take(line, at: noon)
                    }
                }
                try await post.work()
                // Lines of other ids are other messages, whatever they say.
                let contents = try server.received.map {
                    try JSONValue.parse(bytes: $0.body)["markdown"]?["content"]?.string
                }
                #expect(
                    contents == [
                        "**one**\n\nb", "**one**\n\nb", "**Notification**\n\nonly a body", "**attention**",
                    ])
                let last = try #require(try await post.store.notices(limit: 1).first)
                #expect(last.key == "bus/6")
                #expect(last.branch == "feature/a")
                #expect(last.notice.severity == .warning)
            }
        }
    }
}
