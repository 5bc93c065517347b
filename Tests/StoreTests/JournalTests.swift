import Core
import ProcessKit
import SystemPackage
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct JournalTests {
    private func draft(_ name: String, key: String? = nil) -> JournalDraft {
        JournalDraft(
            subject: .mainCheckout, kind: .emit, source: "emit", payload: ["name": .string(name)], key: key)
    }

    @Test func theNewestRowOfAKindAndWhereATimeBegins() async throws {
        try await withFleet { fleet in
            let subject = Subject.mainCheckout
            #expect(try await fleet.newestEntry(.policyLoaded, of: subject) == nil)
            #expect(try await fleet.journalPlace(at: noon) == 0)
            for (index, kind) in [JournalKind.policyLoaded, .emit, .policyLoaded, .emit].enumerated() {
                let draft = JournalDraft(
                    subject: subject, kind: kind, source: "daemon", payload: ["n": .integer(Int64(index))])
                _ = try await fleet.emit(draft, at: later(Int64(index)))
            }
            #expect(try await fleet.newestEntry(.policyLoaded, of: subject)?.payload["n"] == 2)
            #expect(try await fleet.newestEntry(.policyLoaded, of: .agent(AgentID("x"))) == nil)
            let place = try await fleet.journalPlace(at: later(2))
            #expect(try await fleet.journal(after: place, limit: 9).map { $0.payload["n"] } == [2, 3])
            let end = try await fleet.journalPlace(at: later(9))
            #expect(try await fleet.journal(after: end, limit: 9).isEmpty)
        }
    }

    @Test func rowsAreReadInTheirOrderFromACursorOn() async throws {
        try await withFleet { fleet in
            for name in ["a", "b", "c"] { _ = try await fleet.emit(draft(name), at: noon) }
            let first = try await fleet.journal(after: 0, limit: 2)
            #expect(first.map { $0.payload["name"]?.string } == ["a", "b"])
            let rest = try await fleet.journal(after: first[1].id, limit: 2)
            #expect(rest.map { $0.payload["name"]?.string } == ["c"])
            #expect(try await fleet.newestJournalID() == rest[0].id)
            let newest = try await fleet.journal(of: .mainCheckout, limit: 2)
            #expect(newest.map { $0.payload["name"]?.string } == ["b", "c"])
        }
    }

    @Test func keyCountsOnce() async throws {
        try await withFleet { fleet in
            let first = try await fleet.emit(draft("a", key: "k"), at: noon)
            let second = try await fleet.emit(draft("b", key: "k"), at: noon)
            #expect(first.isNew)
            #expect(!second.isNew)
            #expect(second.id == first.id)
            var step = WatchStep()
            step.journal = [draft("c", key: "k"), draft("d")]
            let ids = try await fleet.commit(step, for: .mainCheckout, at: noon)
            let newest = try await fleet.newestJournalID()
            #expect(ids == [nil, newest])
            #expect(newest > first.id)
        }
    }

    @Test(arguments: ["UPDATE journal SET payload = '{}'", "DELETE FROM journal"])
    func rowsCannotBeChangedByOtherProgramsEither(sql: String) async throws {
        try await withFleet(.file) { fleet in
            _ = try await fleet.emit(draft("a"), at: noon)
            let result = try await sqlite3(fleet.store.path, sql)
            #expect(!result.isSuccess)
            #expect(result.errorText.contains("journal rows are"))
            #expect(try await fleet.journal(after: 0, limit: 5).count == 1)
        }
    }

    @Test func writesOfAnotherProcessAreSeen() async throws {
        try await withFleet(.file) { fleet in
            let changes = fleet.store.changes
            _ = try await fleet.emit(draft("own"), at: noon)
            let newest = try await changes.newestJournalID()
            let result = try await sqlite3(
                fleet.store.path,
                """
                INSERT INTO journal (fleetID, at, subject, kind, source, payload)
                VALUES ('\(shop)', 1, 'main', 'emit', 'test', '{"name":"foreign"}')
                """)
            #expect(result.isSuccess, "\(result.errorText)")
            #expect(try await changes.newestJournalID() == newest + 1)
            #expect(changes.log.string == fleet.store.path.string + "-wal")
            let rows = try await fleet.journal(after: newest, limit: 5)
            #expect(rows.map { $0.payload["name"]?.string } == ["foreign"])
        }
    }
}
