import Core
import GRDB
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct MigrationTests {
    /// `Fixtures/00N.db` was written by the program of that schema; `RECORD_FIXTURES=1` writes a missing one.
    static let fixtures = FilePath(#filePath).removingLastComponent().appending("Fixtures")

    @Test(arguments: ["001", "002", "003", "004", "005", "006"])
    func databaseOfAnEarlierSchemaStaysReadable(schema: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            try copy(Self.fixtures.appending("\(schema).db"), to: path)
            let store = try Store.open(path: path, role: .daemon, now: later(1000))
            let fleet = store.fleet(shop)
            #expect(try await fleet.registration()?.path == FilePath("/repo/shop"))
            #expect(try await fleet.agents() == [agent()])
            #expect(try await fleet.openRuns() == [run("run-1")])
            #expect(try await fleet.recoverAttempting().map(\.id.rawValue) == ["a"])
            #expect(try await fleet.outboxItem(OutboxID("b")) == item("b", run: "run-1"))
            #expect(try await fleet.pendingApprovals().first == approval("approval-1"))
            #expect(
                try await fleet.journal(after: 0, limit: 10).map(\.kind) == [.agentAdded, .approvalAsked])
            #expect(try await fleet.isTrusted(FilePath("/repo/shop")))
            #expect(
                try await fleet.keyframe(of: .mainCheckout, upTo: 9)
                    == StoredKeyframe(offset: 9, state: [1, 2]))
            _ = try await fleet.answer(ApprovalID("approval-1"), answer(.approve))
            try store.close()
        }
    }

    @Test func waitingActionsGetTheLanesOfTheirKinds() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            try copy(Self.fixtures.appending("002.db"), to: path)
            let store = try Store.open(path: path, role: .daemon, now: later(1000))
            let claimed = try await store.fleet(shop).claimOutbox(now: noon)
            #expect(claimed.map(\.id.rawValue) == ["c", "d"], "b waits for a in the pane's lane")
            try store.close()
        }
    }

    @Test func deliveriesBecomeNoticesWithAStandingInEachChannel() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            try copy(Self.fixtures.appending("003.db"), to: path)
            let store = try Store.open(path: path, role: .daemon, now: later(1000))
            let notices = try await store.fleet(shop).notices(limit: 10)
            #expect(notices.map(\.notice.title) == ["u", "t"])
            #expect(notices.map(\.key) == ["delivery/3", "run-1/lint/1/start/0"])
            #expect(notices[0].standings.map(\.state) == [.pending])
            #expect(notices[1].standings.map(\.channel) == ["stdout", "wecom"])
            #expect(notices[1].standings.map(\.state) == [.done, .dead])
            #expect(notices[1].standings.map(\.error) == [nil, "503"])
            #expect(try await store.fleet(shop).deliveries(.dead).map(\.attempts) == [3])
            try store.close()
        }
    }

    @Test func questionsOfStagesAreKeptAndCommandsMayAskToo() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("state.db")
            try copy(Self.fixtures.appending("004.db"), to: path)
            let store = try Store.open(path: path, role: .daemon, now: later(1000))
            let fleet = store.fleet(shop)
            #expect(try await fleet.pendingApprovals().map(\.id.rawValue) == ["approval-1", "approval-3"])
            #expect(try await fleet.channels(of: ApprovalID("approval-3")) == ["web"])
            let answered = try await fleet.approval(ApprovalID("approval-2"))
            #expect(answered?.state == .approved && answered?.answer?.by == "ada")
            let again = try await fleet.answer(ApprovalID("approval-2"), answer(.reject))
            #expect(again == .late(try #require(answered)))

            try await fleet.replaceFileTasks([PlannedTask(branch: "feature/b")])
            var command = approval("approval-4")
            (command.purpose, command.run, command.stage) = (.command, RunID("task/x"), "cmd-x-1")
            try await put(fleet, approvals: [command])
            #expect(try await fleet.tasks().map(\.id) == ["feature/b"])
            try await store.writer.write { db in try db.execute(sql: "DELETE FROM run") }
            #expect(try await fleet.pendingApprovals().map(\.id.rawValue) == ["approval-4"])
            try store.close()
        }
    }

    @Test(.enabled(if: getenv("RECORD_FIXTURES") != nil))
    func fixtureIsRecorded() async throws {
        let target = Self.fixtures.appending("005.db")
        guard access(target.string, F_OK) != 0 else { return }
        try await withFleet(.file) { fleet in
            try await fleet.insert(agent(), at: noon)
            try await put(
                fleet, runs: [run("run-1")], outbox: [item("a", run: "run-1"), item("b", run: "run-1")],
                approvals: [approval("approval-1")])
            _ = try await fleet.claimOutbox(now: noon)
            try await fleet.trust(FilePath("/repo/shop"), at: noon)
            var step = WatchStep()
            step.tap = TapAdvance(from: 0, to: 9, size: ScreenSize(columns: 80, rows: 24))
            step.keyframe = StoredKeyframe(offset: 9, state: [1, 2])
            try await fleet.commit(step, for: .mainCheckout, at: noon)
            let result = try await sqlite3(
                fleet.store.path, "PRAGMA page_size = 512; VACUUM INTO '\(target)'")
            #expect(result.isSuccess, "\(result.errorText)")
        }
    }

    @Test func everyTableIsStrict() async throws {
        let store = try Store.inMemory()
        let loose = try await store.writer.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict
                        AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations'
                    """)
        }
        #expect(loose.isEmpty)
    }

    @Test(arguments: [
        ("agent", "phase", SpawnProgress.Phase.allCases.map(\.rawValue)),
        ("agent", "state", AgentState.allCases.map(\.rawValue)),
        ("agent", "waitingFor", WaitingFor.allCases.map(\.rawValue)),
        ("daemon", "role", DaemonRole.allCases.map(\.rawValue)),
        ("run", "state", PipelineRun.State.allCases.map(\.rawValue)),
        ("stageRun", "state", StageState.allCases.map(\.rawValue)),
        ("approval", "state", Approval.State.allCases.map(\.rawValue)),
        ("approval", "purpose", Approval.Purpose.allCases.map(\.rawValue)),
        ("outbox", "lane", OutboxLane.allCases.map(\.rawValue)),
        ("outbox", "state", OutboxItem.State.allCases.map(\.rawValue)),
        ("task", "state", TaskStanding.State.allCases.map(\.rawValue)),
        ("task", "source", StoredTask.Source.allCases.map(\.rawValue)),
        ("taskCommand", "state", QueuedCommand.State.allCases.map(\.rawValue)),
        ("delivery", "state", Delivery.State.allCases.map(\.rawValue)),
        ("notice", "kind", NoticeKind.allCases.map(\.rawValue)),
        ("notice", "severity", Notice.Severity.allCases.map(\.rawValue)),
    ])
    func everyWordOfAnEnumIsAllowedByItsTable(table: String, column: String, words: [String]) async throws {
        let store = try Store.inMemory()
        let sql = try await store.writer.read { db in
            try #require(
                try String.fetchOne(
                    db, sql: "SELECT sql FROM sqlite_schema WHERE name = ?", arguments: [table]))
        }
        let check = try #require(sql.split(separator: "CHECK (\(column) IN").last)
        let list = try #require(check.split(separator: ")").first)
        let allowed = list.split(separator: "'").filter { !$0.contains(",") && !$0.contains("(") }
        #expect(Set(allowed.map(String.init)) == Set(words))
    }

    private func copy(_ source: FilePath, to target: FilePath) throws {
        let input = try FileDescriptor.open(source, .readOnly)
        defer { try? input.close() }
        let output = try FileDescriptor.open(
            target, .writeOnly, options: [.create, .exclusiveCreate], permissions: [.ownerReadWrite])
        defer { try? output.close() }
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try input.read(into: $0) }
            guard count > 0 else { return }
            try output.writeAll(buffer[..<count])
        }
    }
}
