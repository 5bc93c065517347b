import Core
import ProcessKit
import SystemPackage
import Testing

@testable import Store

/// What ended before so many seconds after noon goes; `watch` reads what is emitted.
func retention(_ seconds: Int64, tapLimit: Int64 = 1 << 20) -> Retention {
    Retention(
        before: later(seconds), tapLimit: tapLimit, readers: [JournalReader("watch", of: [.emit])])
}

@Suite(.timeLimit(.minutes(1)))
struct RetentionTests {
    private let one = Subject.agent(AgentID("agent-1"))

    private func draft(_ kind: JournalKind, _ run: String? = nil) -> JournalDraft {
        JournalDraft(subject: .mainCheckout, kind: kind, source: "test", run: run.map { RunID($0) })
    }

    private func kinds(_ fleet: FleetStore) async throws -> [JournalKind] {
        try await fleet.journal(after: 0, limit: 5000).map(\.kind)
    }

    @Test func whatEndedAndWasReadGoes() async throws {
        try await withFleet(.file) { fleet in
            try await fleet.insert(agent(), at: noon)
            try await fleet.insert(agent("agent-2", branch: "b"), at: noon)
            try await put(
                fleet, runs: [run("run-1", state: .completed), run("run-2")],
                outbox: [item("a", run: "run-1"), item("b", run: "run-2")])
            _ = try await fleet.commit(one, generation: 1, at: noon) { seen in
                Decided(WatchStep(), seen.count("m"))
            }
            try await fleet.remove(AgentID("agent-1"), at: later(1))
            let read = try await fleet.newestJournalID()
            _ = try await fleet.emit(draft(.emit), at: later(2))
            _ = try await fleet.emit(draft(.agentState), at: later(2))
            var step = WatchStep()
            step.cursor = PositionAdvance(reader: "watch", from: 0, to: read)
            try await fleet.commit(step, for: .mainCheckout, at: later(3))
            let pruned = try await fleet.prune(retention(100), at: later(200))
            // The emitted row is unread; of the other one nobody keeps a place.
            #expect(pruned == Pruned(journal: Int(read) + 1, runs: 2, agents: 1))
            #expect(try await kinds(fleet) == [.emit, .journalPruned])
            #expect(try await fleet.agents(includingRemoved: true).map(\.id.rawValue) == ["agent-2"])
            #expect(try await fleet.outboxItem(OutboxID("a")) == nil)
            #expect(try await fleet.prune(retention(0), at: later(200)) == Pruned())
            #expect(try await !sqlite3(fleet.store.path, "DELETE FROM journal").isSuccess)
        }
    }

    /// Without its last run a pipeline that begins by itself would begin once more.
    @Test func theLastRunOfWhoeverLivesStaysWithItsRows() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent(), at: noon)
            let read = HostPane(
                host: "local", pane: try #require(PaneID("%1")), serverPID: 1, serverStart: 1)
            let gone = HostPane(
                host: "local", pane: try #require(PaneID("%2")), serverPID: 1, serverStart: 1)
            var step = WatchStep()
            for (index, subject) in [one, .mainCheckout, .pane(read), .pane(gone)].enumerated() {
                step.runs += [
                    run("old-\(index)", subject, state: .failed),
                    run("other-\(index)", subject, pipeline: "x", state: .completed),
                    run("last-\(index)", subject, state: .completed, at: later(1)),
                ]
            }
            step.journal = [draft(.stageChanged, "old-0"), draft(.stageChanged, "last-0")]
            try await fleet.commit(step, for: one, at: noon)
            var tap = WatchStep()
            tap.tap = TapAdvance(from: 0, to: 10, size: ScreenSize(columns: 80, rows: 24))
            try await fleet.commit(tap, for: .pane(read), at: noon)
            try await fleet.prune(retention(100), at: later(200))
            var left: [String] = []
            for subject in [one, .mainCheckout, .pane(read), .pane(gone)] {
                left += try await fleet.runs(of: subject).map(\.id.rawValue)
            }
            #expect(
                left.sorted() == ["last-0", "last-1", "last-2", "other-0", "other-1", "other-2"])
            let rows = try await fleet.journal(after: 0, limit: 9).filter { $0.kind == .stageChanged }
            #expect(rows.map(\.draft.run?.rawValue) == ["last-0"])
            try await fleet.remove(AgentID("agent-1"), at: later(2))
            try await fleet.prune(retention(100), at: later(200))
            #expect(try await fleet.runs(of: one).isEmpty)
        }
    }

    @Test func gatesAndThePolicyInForceAreNotForgotten() async throws {
        try await withFleet { fleet in
            for kind in [
                JournalKind.policyLoaded, .gateWatched, .gatePassed, .gateRefused, .gateBypassed,
                .policyLoaded,
                .marker,
            ] { _ = try await fleet.emit(draft(kind), at: noon) }
            try await fleet.prune(retention(100), at: later(200))
            #expect(
                try await kinds(fleet) == [
                    .gateWatched, .gatePassed, .gateBypassed, .policyLoaded, .journalPruned,
                ])
        }
    }

    @Test func decisionsAndCommandsThatEndedGoAndTheirTaskStays() async throws {
        try await withFleet { fleet in
            try await fleet.addTasks([PlannedTask(branch: "a")], at: noon)
            for (number, end) in [noon, later(150), nil].enumerated() {
                let command = QueuedCommand(
                    id: "cmd-\(number)", number: number + 1, branch: "a", content: DecidedCommand(text: "x"),
                    state: end == nil ? .queued : .done, createdAt: noon, dueAt: noon, endedAt: end)
                var step = OrchestrationStep(
                    changes: OrchestratorChanges(tasks: [:], commands: [command], nextNumber: 4))
                step.decision = RecordedDecision(
                    branch: "a", at: end ?? later(199), prompt: .command, inputHash: "h", duration: .zero,
                    outcome: "decided", output: "\(number)")
                try await fleet.commit(step, for: .mainCheckout, at: noon)
            }
            try await fleet.prune(retention(100), at: later(200))
            #expect(try await fleet.commands(of: ["a"], limit: 9).map(\.id) == ["cmd-2", "cmd-1"])
            #expect(try await fleet.orchestratorBoard().decisions.map(\.output) == ["2", "1"])
            #expect(try await fleet.tasks().map(\.id) == ["a"])
        }
    }

    @Test func aLongJournalGoesInPiecesAndTheRestStays() async throws {
        try await withFleet { fleet in
            var step = WatchStep()
            step.journal = Array(repeating: draft(.marker), count: 2500)
            try await fleet.commit(step, for: .mainCheckout, at: noon)
            step.journal = Array(repeating: draft(.marker), count: 3)
            try await fleet.commit(step, for: .mainCheckout, at: later(100))
            #expect(try await fleet.prune(retention(100), at: later(200)).journal == 2500)
            #expect(try await kinds(fleet) == [.marker, .marker, .marker, .journalPruned])
        }
    }

    @Test func marksOfATapStayAsFarAsItCanBeReadAgain() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent(), at: noon)
            let size = ScreenSize(columns: 80, rows: 24)
            var step = WatchStep()
            for number in 0..<10 {
                step.marks.append(TapMark(offset: Int64(number) * 100, at: noon, size: size))
            }
            step.tap = TapAdvance(from: 0, to: 1000, size: size)
            try await fleet.commit(step, for: one, generation: 1, at: noon)
            // Without a stored screen a tap is read again from its beginning.
            #expect(try await fleet.prune(retention(100), at: later(200)).marks == 0)
            step = WatchStep()
            step.keyframe = StoredKeyframe(offset: 850, state: [1])
            try await fleet.commit(step, for: one, generation: 1, at: noon)
            // Of the bytes that are on the disk young marks stay.
            #expect(try await fleet.prune(retention(0, tapLimit: 700), at: later(200)).marks == 3)
            #expect(try await fleet.prune(retention(100), at: later(200)).marks == 5)
            #expect(try await fleet.tapMarks(of: one).map(\.offset) == [800, 900])
        }
    }
}
