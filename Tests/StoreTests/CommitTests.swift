import Core
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct CommitTests {
    let subject = Subject.agent(AgentID("agent-1"))
    let size = ScreenSize(columns: 200, rows: 50)

    @Test(arguments: Medium.allCases)
    func everythingOfAStepIsWritten(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            try await fleet.insert(agent(), at: noon)
            var step = WatchStep()
            step.tap = TapAdvance(from: 0, to: 4096, size: size)
            step.marks = [TapMark(offset: 4096, at: noon, size: size)]
            step.keyframe = StoredKeyframe(offset: 4096, state: [1, 2, 3])
            step.condition = AgentCondition(.waiting, waitingFor: .permission, since: later(2))
            step.runs = [run("run-1")]
            step.outbox = [item("run-1/lint/1/start/0", run: "run-1")]
            step.approvals = [approval("approval-1")]
            step.journal = [
                JournalDraft(
                    subject: subject, kind: .marker, source: "screen",
                    payload: ["type": "STATUS", "ok": true, "n": 1.5, "list": [nil_, "x"]], tapOffset: 4000,
                    run: RunID("run-1"), stage: "lint")
            ]
            step.counters = [CounterIncrement("tmux_agent_markers_total", labels: ["type": "STATUS"])]
            let written = step
            let ids = try await fleet.commit(step, for: subject, generation: 1, at: noon)
            #expect(
                try await fleet.tapPosition(of: subject)
                    == TapPosition(offset: 4096, size: size, generation: 1, at: noon))
            #expect(try await fleet.tapMarks(of: subject) == written.marks)
            #expect(try await fleet.keyframe(of: subject, upTo: 5000) == written.keyframe)
            #expect(try await fleet.agent(AgentID("agent-1"))?.condition == written.condition)
            #expect(try await fleet.openRuns(of: subject) == written.runs)
            #expect(try await fleet.outboxItem(OutboxID("run-1/lint/1/start/0")) == written.outbox[0])
            #expect(try await fleet.pendingApprovals() == written.approvals)
            #expect(
                try await fleet.counters() == [
                    Counter(name: "tmux_agent_markers_total", labels: ["type": "STATUS"], value: 1)
                ])
            let rows = try await fleet.journal(after: 0, limit: 10)
            #expect(rows.map(\.kind) == [.agentAdded, .marker, .approvalAsked])
            #expect(rows[1].draft == written.journal[0])
            #expect(ids == [rows[1].id])
        }
    }

    private var nil_: JSONValue { .null }

    @Test(arguments: Medium.allCases)
    func whatSeveralHearIsWrittenForAllOfThemOrForNone(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            try await fleet.insert(agent(), at: noon)
            let subjects = [subject, .mainCheckout]
            func tell(_ last: PositionAdvance) async throws -> [String] {
                try await fleet.commit(subjects, at: noon) { subject in
                    var step = WatchStep()
                    step.file =
                        subject == .mainCheckout ? last : PositionAdvance(reader: "first", from: 0, to: 8)
                    step.journal = [JournalDraft(subject: subject, kind: .gitHook, source: "git")]
                    return Decided(step, subject.key)
                }
            }
            await #expect(
                throws: StoreError.positionMoved(what: "Reader 'hooks'", expected: 3, found: 0)
            ) { try await tell(PositionAdvance(reader: "hooks", from: 3, to: 8)) }
            #expect(try await fleet.journal(after: 0, limit: 10).map(\.kind) == [.agentAdded])
            #expect(try await fleet.fileOffset("first") == 0)
            let told = try await tell(PositionAdvance(reader: "hooks", from: 0, to: 8))
            #expect(told == subjects.map(\.key))
            #expect(try await fleet.journal(after: 0, limit: 10).dropFirst().map(\.subject) == subjects)
        }
    }

    @Test(arguments: Medium.allCases)
    func stepThatBreaksARuleWritesNothing(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            try await put(fleet, runs: [run("run-1")])
            let before = try await fleet.newestJournalID()
            var step = WatchStep()
            step.tap = TapAdvance(from: 0, to: 10, size: size)
            step.journal = [JournalDraft(subject: subject, kind: .marker, source: "screen")]
            step.outbox = [item("a")]
            // The last thing written refers to a run that is not there.
            step.approvals = [approval("approval-1", run: "run-nowhere")]
            let broken = step
            let error = await #expect(throws: StoreError.self) {
                _ = try await fleet.commit(subject, at: noon) { seen in
                    _ = seen.count("m1")
                    return Decided(broken, ())
                }
            }
            #expect(error?.code == "database_rule_broken")
            #expect(try await fleet.tapPosition(of: subject) == nil)
            #expect(try await fleet.newestJournalID() == before)
            #expect(try await fleet.outboxItem(OutboxID("a")) == nil)
            let counts = try await fleet.commit(subject, at: noon) { Decided(WatchStep(), $0.count("m1")) }
            #expect(counts.output)
        }
    }

    @Test func tapPositionIsComparedAndSet() async throws {
        try await withTwoStores { daemon, other in
            var step = WatchStep()
            step.tap = TapAdvance(from: 0, to: 100, size: size)
            try await daemon.commit(step, for: subject, at: noon)
            step.journal = [JournalDraft(subject: subject, kind: .marker, source: "screen")]
            let repeated = step
            await #expect(
                throws: StoreError.positionMoved(what: "Tap of agent:agent-1", expected: 0, found: 100)
            ) {
                try await other.commit(repeated, for: subject, at: noon)
            }
            #expect(try await other.newestJournalID() == 0)
            step.tap = TapAdvance(from: 100, to: 200, size: size)
            try await other.commit(step, for: subject, at: noon)
            #expect(try await daemon.tapPosition(of: subject)?.offset == 200)
        }
    }

    @Test func journalCursorAndFileOffsetAreComparedAndSet() async throws {
        try await withFleet { fleet in
            var step = WatchStep()
            step.cursor = PositionAdvance(reader: "watch", from: 0, to: 5)
            step.file = PositionAdvance(reader: "git-hooks", from: 0, to: 77)
            let first = step
            try await fleet.commit(first, for: .mainCheckout, at: noon)
            #expect(try await fleet.journalCursor("watch") == 5)
            #expect(try await fleet.fileOffset("git-hooks") == 77)
            #expect(try await fleet.journalCursor("orchestrate") == 0)
            await #expect(
                throws: StoreError.positionMoved(what: "Reader 'watch'", expected: 0, found: 5)
            ) {
                try await fleet.commit(first, for: .mainCheckout, at: noon)
            }
        }
    }

    @Test(arguments: Medium.allCases)
    func markerIDCountsOncePerStartOfTheAgent(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            let ids = ["a", "b", "a"]
            func count(_ generation: Int) async throws -> [Bool] {
                try await fleet.commit(subject, generation: generation, at: noon) { seen in
                    let counted = ids.map { seen.count($0) }
                    return Decided(WatchStep(), counted)
                }.output
            }
            let counted = [try await count(1), try await count(1), try await count(2)]
            #expect(counted == [[true, true, false], [false, false, false], [true, true, false]])
        }
    }

    @Test func keyframesAreKeptToTheNewestThree() async throws {
        try await withFleet { fleet in
            for offset in [Int64(100), 200, 300, 400, 500] {
                var step = WatchStep()
                step.keyframe = StoredKeyframe(offset: offset, state: [UInt8(offset / 100)])
                try await fleet.commit(step, for: subject, at: noon)
            }
            #expect(
                try await fleet.keyframe(of: subject, upTo: .max) == StoredKeyframe(offset: 500, state: [5]))
            #expect(
                try await fleet.keyframe(of: subject, upTo: 499) == StoredKeyframe(offset: 400, state: [4]))
            #expect(try await fleet.keyframe(of: subject, upTo: 299) == nil)
        }
    }

    @Test func marksBeginWithTheOneThatHoldsAtTheOffset() async throws {
        try await withFleet { fleet in
            let narrow = ScreenSize(columns: 80, rows: 24)
            var step = WatchStep()
            step.marks = [
                TapMark(offset: 0, at: noon, size: narrow), TapMark(offset: 100, at: noon, size: narrow),
                TapMark(offset: 100, at: noon, size: size), TapMark(offset: 250, at: later(1), size: size),
            ]
            let marks = step.marks
            try await fleet.commit(step, for: subject, at: noon)
            #expect(try await fleet.tapMarks(of: subject, from: 200) == Array(marks[1...]))
            #expect(try await fleet.tapMarks(of: subject) == marks)
            try await fleet.forgetTap(of: subject)
            #expect(try await fleet.tapMarks(of: subject).isEmpty)
        }
    }

    @Test func runsAreReplacedByTheirSuccessorsInOneStep() async throws {
        try await withFleet { fleet in
            try await put(fleet, runs: [run("run-1")])
            var ended = run("run-1", state: .cancelled)
            ended.stages[0].state = .failed
            ended.stages[0].reason = "restarted"
            // The successor is written first: order must not matter.
            try await put(fleet, runs: [run("run-2", at: later(1)), ended])
            #expect(try await fleet.openRuns().map(\.id) == [RunID("run-2")])
            #expect(try await fleet.run(RunID("run-1")) == ended)
            #expect(try await fleet.latestRuns().map(\.id) == [RunID("run-2")])
            #expect(try await fleet.runs(of: subject).map(\.id) == [RunID("run-1"), RunID("run-2")])
            await #expect(throws: StoreError.runNotFound(id: "run-9")) {
                try await fleet.run(RunID("run-9"))
            }
        }
    }

    @Test func oneRunOfAPipelineIsUnderWayPerSubject() async throws {
        try await withFleet { fleet in
            try await put(fleet, runs: [run("run-1"), run("run-2", state: .queued)])
            let error = await #expect(throws: StoreError.self) { try await put(fleet, runs: [run("run-3")]) }
            #expect(error?.code == "database_rule_broken")
            try await put(fleet, runs: [run("run-4", .mainCheckout), run("run-5", pipeline: "deploy")])
            #expect(try await fleet.openRuns().count == 4)
        }
    }

    @Test func unregisteredFleetIsNamed() async throws {
        let fleet = try Store.inMemory().fleet(shop)
        await #expect(throws: StoreError.fleetNotRegistered(shop)) {
            try await fleet.insert(agent(), at: noon)
        }
    }

    @Test func fleetsDoNotSeeOneAnother() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent(), at: noon)
            try await put(
                fleet, runs: [run("run-1")], outbox: [item("a")], approvals: [approval("approval-1")])
            let other = fleet.store.fleet(FleetID("fleet-other"))
            try await register(other)
            #expect(try await other.agents().isEmpty)
            #expect(try await other.openRuns().isEmpty)
            #expect(try await other.claimOutbox(now: noon).isEmpty)
            #expect(try await other.pendingApprovals().isEmpty)
            #expect(try await other.journal(after: 0, limit: 10).isEmpty)
            await #expect(throws: StoreError.approvalNotFound(id: "approval-1", similar: [])) {
                try await other.answer(ApprovalID("approval-1"), answer(.approve))
            }
            try await other.insert(agent("agent-2"), at: noon)
            #expect(try await other.agents().map(\.id) == [AgentID("agent-2")])
        }
    }

    @Test func anOverviewFindsTheLastRunOfEachPairWithoutReadingTheOthers() async throws {
        try await withFleet { fleet in
            let subjects = (0..<20).map { Subject.agent(AgentID("agent-\($0)")) } + [.mainCheckout]
            var all: [PipelineRun] = []
            for (number, subject) in subjects.enumerated() {
                for turn in 0..<5 {
                    for pipeline in number.isMultiple(of: 3) ? ["ci", "deploy", "a"] : ["ci"] {
                        // Some runs of a pair begin in one millisecond: the one that was written last is the last.
                        all.append(
                            run(
                                "run-\(number)-\(turn)-\(pipeline)", subject, pipeline: pipeline,
                                state: .completed,
                                at: later(Int64(turn / 2))))
                    }
                }
            }
            try await put(fleet, runs: all)
            let latest = try await fleet.latestRuns()
            let expected = Dictionary(grouping: all) { "\($0.subject.key) \($0.pipeline)" }
                .compactMap(\.value.last?.id)
            #expect(Set(latest.map(\.id)) == Set(expected))
            #expect(latest.count == expected.count)
            #expect(latest.allSatisfy { $0.stages.count == 2 })
            let empty = fleet.store.fleet(FleetID("fleet-empty"))
            #expect(try await empty.latestRuns().isEmpty)
        }
    }
}
