import Core
import GRDB
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct OutboxTests {
    let subject = Subject.agent(AgentID("agent-1"))

    @Test(arguments: [
        Action.sendKeys(text: "a\nb \"c\" é", enter: true), .keys(["C-c", "Enter"]),
        .shell(command: "make 'x'", timeout: .milliseconds(1500), environment: ["A": "1"]),
        .notify(Notice(title: "t", body: "b", severity: .critical)),
        .emit(name: "built", payload: JSONObjectBox(["n": 1])),
        .spawn(branch: "b", template: nil, task: "t"),
    ])
    func actionComesBackAsItWas(action: Action) async throws {
        try await withFleet { fleet in
            try await put(fleet, outbox: [item("a", action: action)])
            #expect(try await fleet.claimOutbox(now: noon).first?.action == action)
        }
    }

    @Test(arguments: Medium.allCases)
    func oldestDueActionOfEachSubjectIsClaimed(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            try await put(
                fleet,
                outbox: [
                    item("a1", due: later(60)), item("a2"), item("a3"), item("m1", .mainCheckout),
                    item("m2", .mainCheckout),
                ])
            #expect(try await fleet.claimOutbox(now: noon).map(\.id.rawValue) == ["a2", "m1"])
            #expect(try await fleet.claimOutbox(now: noon).isEmpty)
            try await fleet.finish(ActionResult(item: OutboxID("a2"), state: .done), at: noon)
            #expect(try await fleet.claimOutbox(now: later(60)).map(\.id.rawValue) == ["a1"])
            #expect(try await fleet.nextOutboxDue() == noon)
        }
    }

    @Test func aLongShellActionHoldsUpNeitherKeysNorMessages() async throws {
        try await withFleet { fleet in
            let shell = Action.shell(command: "make", timeout: .seconds(600), environment: [:])
            let notice = Action.notify(Notice(title: "t", body: "b"))
            let emit = Action.emit(name: "built", payload: JSONObjectBox([:]))
            try await put(
                fleet,
                outbox: [
                    item("s1", action: shell), item("m1", action: notice), item("s2", action: shell),
                    item("k1", action: .keys(["C-c"])), item("m2", action: emit),
                    item("k2", action: .sendKeys(text: "a", enter: true)),
                    item("s3", action: .spawn(branch: "b", template: nil, task: nil)),
                ])
            #expect(try await fleet.claimOutbox(now: noon).map(\.id.rawValue) == ["s1", "m1", "k1"])
            #expect(try await fleet.claimOutbox(now: noon).isEmpty)
            for id in ["m1", "k1"] {
                try await fleet.finish(ActionResult(item: OutboxID(id), state: .done), at: noon)
            }
            #expect(try await fleet.claimOutbox(now: noon).map(\.id.rawValue) == ["m2", "k2"])
            try await fleet.finish(ActionResult(item: OutboxID("s1"), state: .failed), at: noon)
            #expect(try await fleet.claimOutbox(now: noon).map(\.id.rawValue) == ["s2"])
            #expect(try await fleet.recoverAttempting().map(\.id.rawValue) == ["s2", "m2", "k2"])
        }
    }

    @Test func decidingTwiceInsertsOnce() async throws {
        try await withFleet { fleet in
            try await put(fleet, outbox: [item("a")])
            _ = try await fleet.claimOutbox(now: noon)
            try await fleet.finish(ActionResult(item: OutboxID("a"), state: .done), at: noon)
            try await put(fleet, outbox: [item("a")])
            #expect(try await fleet.claimOutbox(now: noon).isEmpty)
            #expect(try await fleet.enqueue(item("a")) == false)
            #expect(try await fleet.enqueue(item("b")))
        }
    }

    @Test(arguments: Medium.allCases)
    func resultJournalRowAndReactionAreOneTransaction(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            try await put(fleet, runs: [run("run-1")], outbox: [item("a", run: "run-1")])
            _ = try await fleet.claimOutbox(now: noon)
            let result = ActionResult(
                item: OutboxID("a"), state: .failed, exitCode: 2, detail: "no such file")
            await #expect(throws: StoreError.self) {
                _ = try await fleet.finish(result, at: noon) { _ in
                    var step = WatchStep()
                    step.outbox = [item("b", run: "run-nowhere")]
                    return Decided(step, ())
                }
            }
            #expect(try await fleet.recoverAttempting().map(\.id.rawValue) == ["a"])
            let committed = try await fleet.finish(result, at: later(1)) { ended in
                var step = WatchStep()
                step.outbox = [item("b", run: "run-1")]
                return Decided(step, ended.state)
            }
            #expect(committed.output == .failed)
            #expect(try await fleet.claimOutbox(now: noon).map(\.id.rawValue) == ["b"])
            let row = try #require(
                try await fleet.journal(after: 0, kinds: [.actionEnded], limit: 10).first)
            #expect(
                row.payload == ["item": "a", "state": "failed", "exit_code": 2, "detail": "no such file"])
            #expect(row.draft.run == RunID("run-1"))
            await #expect(throws: StoreError.notAttempting(OutboxID("a"))) {
                try await fleet.finish(result, at: noon)
            }
        }
    }

    @Test func whatAPredecessorBeganIsFoundAndLeftAlone() async throws {
        try await withTwoStores { first, second in
            try await put(first, outbox: [item("a"), item("b")])
            _ = try await first.claimOutbox(now: noon)
            let left = try await second.recoverAttempting()
            #expect(left.map(\.id.rawValue) == ["a"])
            #expect(left.map(\.state) == [.attempting])
            #expect(try await second.claimOutbox(now: noon).isEmpty)
            try await second.release(OutboxID("a"))
            #expect(try await second.claimOutbox(now: noon).map(\.id.rawValue) == ["a"])
            await #expect(throws: StoreError.notAttempting(OutboxID("b"))) {
                try await second.release(OutboxID("b"))
            }
        }
    }

    @Test func onlyPendingActionsAreCancelled() async throws {
        try await withFleet { fleet in
            try await put(fleet, outbox: [item("a"), item("b")])
            _ = try await fleet.claimOutbox(now: noon)
            var step = WatchStep()
            step.cancelledOutbox = [OutboxID("a"), OutboxID("b")]
            try await fleet.commit(step, for: subject, at: noon)
            #expect(try await fleet.outboxItem(OutboxID("a"))?.state == .attempting)
            #expect(try await fleet.outboxItem(OutboxID("b"))?.state == .cancelled)
        }
    }

    @Test func pendingActionsOfARunAreCancelledTogether() async throws {
        try await withFleet { fleet in
            try await put(
                fleet, runs: [run("run-1"), run("run-2", pipeline: "deploy")],
                outbox: [
                    item("a", run: "run-1"), item("b", run: "run-1"), item("c", run: "run-2"), item("d"),
                ])
            // A message that waits for its due time is told, whatever becomes of its run.
            let notice = Action.notify(Notice(title: "t", body: "b"))
            try await put(fleet, outbox: [item("f", run: "run-1", action: notice, due: later(60))])
            _ = try await fleet.claimOutbox(now: noon)
            var step = WatchStep()
            step.cancelledRuns = [RunID("run-1")]
            step.outbox = [item("e", run: "run-1")]
            try await fleet.commit(step, for: subject, at: noon)
            var states: [OutboxItem.State?] = []
            for id in ["a", "b", "c", "d", "e", "f"] {
                states.append(try await fleet.outboxItem(OutboxID(id))?.state)
            }
            #expect(states == [.attempting, .cancelled, .pending, .pending, .pending, .pending])
        }
    }

    @Test func whatWasDoneIsReadBackWithItsEnd() async throws {
        try await withFleet { fleet in
            try await put(
                fleet, runs: [run("run-1")],
                outbox: [item("a", run: "run-1"), item("b", action: .keys(["Enter"]))])
            _ = try await fleet.claimOutbox(now: noon)
            try await fleet.finish(
                ActionResult(item: OutboxID("a"), state: .failed, exitCode: 2, detail: "no"), at: later(3))
            let actions = try await fleet.recordedActions(of: subject, since: noon)
            #expect(actions.map(\.item.id.rawValue) == ["a", "b"])
            #expect(actions.map(\.pipeline) == ["ci", nil])
            #expect(actions.map(\.endedAt) == [later(3), nil])
            #expect(actions.first?.exitCode == 2)
            #expect(actions.first?.item.state == .failed)
            #expect(try await fleet.recordedActions(of: subject, since: later(1)).isEmpty)
        }
    }

    @Test func everyActionGoesToOneOfSeveralClaimers() async throws {
        try await withTwoStores { daemon, other in
            let subjects = (0..<10).map { Subject.agent(AgentID("agent-\($0)")) }
            let items = (0..<200).map { item("i\($0)", subjects[$0 % 10]) }
            try await put(daemon, outbox: items)
            let claimed = try await withThrowingTaskGroup(of: [String].self) { group in
                for fleet in [daemon, other, daemon, other] {
                    group.addTask { try await drain(fleet, total: 200) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claimed.count == 200)
            #expect(Set(claimed).count == 200)
            for number in 0..<10 {
                let order = claimed.compactMap { Int($0.dropFirst()) }.filter { $0 % 10 == number }
                #expect(order.count == 20)
            }
            #expect(try await daemon.recoverAttempting().isEmpty)
        }
    }

    /// Claims and finishes until every action of the fleet has ended.
    @concurrent private func drain(_ fleet: FleetStore, total: Int) async throws -> [String] {
        var mine: [String] = []
        while try await fleet.journal(after: 0, kinds: [.actionEnded], limit: total).count < total {
            for item in try await fleet.claimOutbox(now: noon) {
                mine.append(item.id.rawValue)
                try await fleet.finish(ActionResult(item: item.id, state: .done), at: noon)
            }
        }
        return mine
    }

    @Test func attemptIsOnTheDiskBeforeItIsHandedOut() async throws {
        try await withFleet(.file) { fleet in
            try await put(fleet, outbox: [item("a")])
            _ = try await fleet.claimOutbox(now: noon)
            let level = try await fleet.store.writer.write { db in
                try Int.fetchOne(db, sql: "PRAGMA synchronous")
            }
            #expect(level == 1)
            let inside = try await fleet.store.writeDurably { db in
                try Int.fetchOne(db, sql: "PRAGMA synchronous")
            }
            #expect(inside == 2)
        }
    }
}
