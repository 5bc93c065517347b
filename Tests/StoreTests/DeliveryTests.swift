import Core
import Store
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DeliveryTests {
    private func rules(
        _ channels: [String] = ["stdout", "wecom"], _ change: (inout NotifySettings) -> Void = { _ in }
    ) -> DeliveryRules {
        var settings = NotifySettings()
        settings.channels = channels
        change(&settings)
        return DeliveryRules(settings) { Int($0.milliseconds / 60_000 % 1440) }
    }

    private func draft(
        _ key: String, _ title: String = "t", severity: Notice.Severity = .warning,
        subject: Subject = .mainCheckout
    ) -> NoticeDraft {
        NoticeDraft(
            Notice(title: title, body: "b", severity: severity), for: OutboxID(key), subject: subject)
    }

    @Test(arguments: Medium.allCases)
    func deliveriesGoTheirWayPerChannel(_ medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            let rules = rules()
            try await fleet.insert(agent(), at: noon)
            let draft = draft("run-1/lint/1/start/0", subject: .agent(AgentID("agent-1")))
            #expect(try await fleet.post(draft, rules: rules, at: noon))
            #expect(try await fleet.post(draft, rules: rules, at: later(1)) == false)
            let claimed = try await fleet.claimDeliveries(rules: rules, at: noon)
            #expect(claimed.map(\.channel) == ["stdout", "wecom"])
            #expect(claimed.map(\.attempts) == [1, 1])
            #expect(claimed.map(\.notice) == [draft.notice, draft.notice])
            #expect(claimed.map(\.branch) == ["feature/a", "feature/a"])
            #expect(try await fleet.claimDeliveries(rules: rules, at: noon).isEmpty)
            try await fleet.finish(claimed[0].id, .delivered, at: later(1))
            try await fleet.finish(
                claimed[1].id, .retry(at: later(30), error: "503", holdsChannel: false), at: later(1))
            #expect(try await fleet.nextDeliveryDue() == later(30))
            #expect(try await fleet.claimDeliveries(rules: rules, at: later(29)).isEmpty)
            let again = try await fleet.claimDeliveries(rules: rules, at: later(30))
            #expect(again.map(\.attempts) == [2])
            #expect(again.map(\.lastError) == ["503"])
            #expect(again.map(\.isInterrupted) == [false])
            #expect(try await fleet.recoverDeliveries() == 1)
            let third = try await fleet.claimDeliveries(rules: rules, at: later(30))
            #expect(third.map(\.isInterrupted) == [true])
            try await fleet.finish(third[0].id, .dead(error: "gone"), at: later(31))
            #expect(try await fleet.deliveries(.dead).map(\.channel) == ["wecom"])
            #expect(try await fleet.deliveries(.done).map(\.channel) == ["stdout"])
            #expect(try await fleet.retryDeadDeliveries(claimed[0].id, at: later(40)) == 0)
            #expect(try await fleet.retryDeadDeliveries(claimed[1].id, at: later(40)) == 1)
            let last = try await fleet.claimDeliveries(rules: rules, at: later(40))
            #expect(last.map(\.attempts) == [4])
            #expect(last.map(\.expiresAt) == [later(40 + 86_400)])
        }
    }

    @Test func oneChannelHoldsUpNoOther() async throws {
        try await withFleet { fleet in
            let rules = rules()
            for number in 1...3 {
                try await fleet.post(draft("m\(number)", "t\(number)"), rules: rules, at: noon)
            }
            let first = try await fleet.claimDeliveries(rules: rules, at: noon)
            #expect(first.map(\.key) == ["m1", "m1"])
            let wecom = try #require(first.first { $0.channel == "wecom" })
            let stdout = try #require(first.first { $0.channel == "stdout" })
            // wecom hangs; stdout goes on alone, one after another.
            try await fleet.finish(stdout.id, .delivered, at: noon)
            let second = try await fleet.claimDeliveries(rules: rules, at: noon)
            #expect(second.map(\.key) == ["m2"])
            #expect(second.map(\.channel) == ["stdout"])
            #expect(try await fleet.nextDeliveryDue() == nil, "both channels are busy")
            // A channel that is down keeps everything behind it; nothing is tried in between.
            try await fleet.finish(
                wecom.id, .retry(at: later(60), error: "45009", holdsChannel: true), at: noon)
            #expect(try await fleet.claimDeliveries(rules: rules, at: later(59)).isEmpty)
            let after = try await fleet.claimDeliveries(rules: rules, at: later(60))
            #expect(after.map(\.channel) == ["wecom"])
            #expect(after.map(\.key) == ["m1"])
        }
    }

    @Test func criticalMessagesGoFirstAndQuietHoursHoldTheOthers() async throws {
        try await withFleet { fleet in
            let quiet = rules(["wecom"]) { $0.quietHours = QuietHours("11:00-13:00") }
            try await fleet.post(draft("m1", "quiet"), rules: quiet, at: noon)
            try await fleet.post(draft("m2", "loud", severity: .critical), rules: quiet, at: noon)
            let loud = try await fleet.claimDeliveries(rules: quiet, at: noon)
            #expect(loud.map(\.key) == ["m2"])
            try await fleet.finish(loud[0].id, .delivered, at: noon)
            #expect(try await fleet.claimDeliveries(rules: quiet, at: noon).isEmpty)
            #expect(try await fleet.nextDeliveryDue() == later(3600))
            #expect(try await fleet.claimDeliveries(rules: quiet, at: later(3600)).map(\.key) == ["m1"])
        }
    }

    @Test func rateHoldsAChannel() async throws {
        try await withFleet { fleet in
            let rules = rules(["wecom"]) { $0.rate = RateLimit(count: 2, per: .seconds(60)) }
            for number in 1...3 {
                try await fleet.post(draft("m\(number)", "t\(number)"), rules: rules, at: noon)
            }
            for second in [Int64(0), 10] {
                let claimed = try await fleet.claimDeliveries(rules: rules, at: later(second))
                #expect(claimed.count == 1)
                try await fleet.finish(claimed[0].id, .delivered, at: later(second))
            }
            #expect(try await fleet.claimDeliveries(rules: rules, at: later(20)).isEmpty)
            #expect(try await fleet.nextDeliveryDue() == later(60))
            #expect(try await fleet.claimDeliveries(rules: rules, at: later(60)).map(\.key) == ["m3"])
        }
    }

    @Test func sameWordsAreCountedByOneMessageAtTheEndOfTheWhile() async throws {
        try await withFleet { fleet in
            let rules = rules(["wecom"])
            for number in 0..<10 {
                try await fleet.post(draft("m\(number)"), rules: rules, at: later(Int64(number)))
            }
            // Told again after a crash: its key is known, so it counts once.
            try await fleet.post(draft("m5"), rules: rules, at: later(10))
            try await fleet.post(draft("other", "u"), rules: rules, at: later(10))
            let first = try await fleet.claimDeliveries(rules: rules, at: later(10))
            #expect(first.map(\.key) == ["m0"])
            #expect(first.map(\.counted) == [0])
            try await fleet.finish(first[0].id, .delivered, at: later(10))
            let other = try await fleet.claimDeliveries(rules: rules, at: later(10))
            #expect(other.map(\.key) == ["other"])
            try await fleet.finish(other[0].id, .delivered, at: later(10))
            #expect(try await fleet.nextDeliveryDue() == later(60))
            let followUp = try await fleet.claimDeliveries(rules: rules, at: later(60))
            #expect(followUp.map(\.key) == ["m1"])
            #expect(followUp.map(\.isFollowUp) == [true])
            #expect(followUp.map(\.counted) == [8])
            // The list shows those that are said.
            let notices = try await fleet.notices(limit: 10)
            #expect(notices.map(\.key) == ["other", "m1", "m0"])
            #expect(notices.map(\.counted) == [0, 8, 0])
        }
    }

    @Test func channelsThatLackSomethingAreSkippedAndSaid() async throws {
        try await withFleet { fleet in
            let rules = rules()
            try await fleet.post(
                draft("m1"), rules: rules, unusable: ["wecom": "WECOM_WEBHOOK is not set"], at: noon)
            #expect(try await fleet.claimDeliveries(rules: rules, at: noon).map(\.channel) == ["stdout"])
            let standings = try await fleet.notices(limit: 1)[0].standings
            #expect(standings.map(\.state) == [.attempting, .skipped])
            #expect(standings.map(\.error) == [nil, "WECOM_WEBHOOK is not set"])
        }
    }

    @Test func noticesAreListedWithTheirStandings() async throws {
        try await withFleet { fleet in
            let rules = rules()
            for number in 1...5 {
                try await fleet.post(
                    draft("m\(number)", "t\(number)"), rules: rules, at: later(Int64(number)))
            }
            try await fleet.post(
                draft("ap-1/asked", "Approval needed", severity: .info), rules: rules, at: later(6))
            let newest = try await fleet.notices(limit: 2)
            #expect(newest.map(\.key) == ["ap-1/asked", "m5"])
            #expect(newest[0].kind == .approval)
            #expect(newest[0].approval == ApprovalID("ap-1"))
            #expect(newest.map(\.requiresAttention) == [true, false])
            #expect(newest[1].at == later(5))
            #expect(newest[1].standings.map(\.channel) == ["stdout", "wecom"])
            #expect(newest[1].standings.map(\.state) == [.pending, .pending])
            #expect(try await fleet.notices(since: newest[1].id, limit: 10).map(\.key) == ["ap-1/asked"])
            #expect(
                try await fleet.notices(since: later(4), limit: 10).map(\.key) == ["ap-1/asked", "m5", "m4"])
        }
    }

    @Test func endingsAreCountedByChannel() async throws {
        try await withFleet { fleet in
            let rules = rules(["a", "b", "c", "d"])
            try await fleet.post(draft("m1"), rules: rules, unusable: ["d": "not set"], at: noon)
            let claimed = try await fleet.claimDeliveries(rules: rules, at: noon)
            let ends: [DeliveryOutcome] = [
                .delivered, .retry(at: later(5), error: "x", holdsChannel: true), .withdrawn,
            ]
            for (delivery, end) in zip(claimed, ends) { try await fleet.finish(delivery.id, end, at: noon) }
            // A second report of the same end changes and counts nothing.
            try await fleet.finish(claimed[0].id, .dead(error: "x"), at: noon)
            try await fleet.post(draft("m2"), rules: rules, at: later(1))
            try await fleet.post(draft("m3"), rules: rules, at: later(2))
            let counters = try await fleet.counters().filter { $0.name == "tmux_agent_deliveries_total" }
            let counted = counters.map {
                "\($0.labels["channel"] ?? "") \($0.labels["result"] ?? "") \($0.value)"
            }
            #expect(
                counted == [
                    "a collapsed 1.0", "a delivered 1.0", "b collapsed 1.0", "b retried 1.0",
                    "c collapsed 1.0", "c withdrawn 1.0", "d collapsed 1.0", "d skipped 1.0",
                ])
        }
    }

    @Test func retentionTakesOnlyWhatEnded() async throws {
        try await withFleet { fleet in
            let rules = rules(["a"])
            for number in 0..<3 {
                try await fleet.post(
                    draft("m\(number)", "t\(number)"), rules: rules, at: later(Int64(number)))
            }
            let claimed = try await fleet.claimDeliveries(rules: rules, at: later(3))
            try await fleet.finish(claimed[0].id, .delivered, at: later(3))
            let pruned = try await fleet.prune(retention(100), at: later(100))
            #expect(pruned.deliveries == 1)
            #expect(try await fleet.notices(limit: 10).map(\.key) == ["m2", "m1"])
        }
    }

    @Test func manyClaimersGetEachDeliveryOnce() async throws {
        try await withTwoStores { daemon, command in
            let rules = rules(["a", "b"]) { $0.rate = nil }
            for number in 0..<20 {
                try await daemon.post(draft("m\(number)", "t\(number)"), rules: rules, at: noon)
            }
            let delivered = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for store in [daemon, command, daemon, command] {
                    group.addTask {
                        var mine: [Int64] = []
                        while try await !store.deliveries(.pending).isEmpty {
                            for delivery in try await store.claimDeliveries(rules: rules, at: later(1)) {
                                mine.append(delivery.id)
                                try await store.finish(delivery.id, .delivered, at: later(1))
                            }
                        }
                        return mine
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(delivered.sorted() == (1...40).map(Int64.init))
        }
    }
}
