import Core
import SystemPackage
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct FactTests {
    @Test func gitFactsAreReplacedByNewerOnesOnly() async throws {
        try await withFleet { fleet in
            func fact(ahead: Int, at time: Timestamp) -> GitFact {
                GitFact(
                    worktree: FilePath("/w"), branch: "b", head: "abc", ahead: ahead, behind: nil,
                    isDirty: true, at: time)
            }
            try await fleet.record([fact(ahead: 1, at: later(5))])
            try await fleet.record([fact(ahead: 2, at: later(4))])
            #expect(try await fleet.gitFacts() == [fact(ahead: 1, at: later(5))])
            try await fleet.record([fact(ahead: 3, at: later(6))])
            #expect(try await fleet.gitFacts() == [fact(ahead: 3, at: later(6))])
        }
    }

    @Test func countersOfSeveralProcessesAdd() async throws {
        try await withTwoStores { one, two in
            let step = [CounterIncrement("n", labels: ["b": "1", "a": "2"], by: 0.5)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for fleet in [one, two] {
                    group.addTask { for _ in 0..<20 { try await fleet.increment(step) } }
                }
                try await group.waitForAll()
            }
            #expect(
                try await one.counters() == [Counter(name: "n", labels: ["a": "2", "b": "1"], value: 20)])
        }
    }

    @Test func trustIsForOneFleetAtOnePlace() async throws {
        let store = try Store.inMemory()
        let fleet = store.fleet(shop)
        try await fleet.trust(FilePath("/repo"), at: noon)
        try await fleet.trust(FilePath("/repo"), at: noon)
        #expect(try await fleet.isTrusted(FilePath("/repo")))
        #expect(try await !fleet.isTrusted(FilePath("/copy")))
        #expect(try await !store.fleet(FleetID("other")).isTrusted(FilePath("/repo")))
        try await fleet.distrust(FilePath("/repo"))
        #expect(try await !fleet.isTrusted(FilePath("/repo")))
    }

    @Test func consentIsPerContent() async throws {
        try await withFleet { fleet in
            try await fleet.consent(toSetup: "sha256:1", at: noon)
            try await fleet.consent(toSetup: "sha256:1", at: noon)
            #expect(try await fleet.hasConsented(toSetup: "sha256:1"))
            #expect(try await !fleet.hasConsented(toSetup: "sha256:2"))
        }
    }

    @Test func daemonRoleIsTakenOverAndGivenBack() async throws {
        try await withFleet { fleet in
            let first = RecordedProcess(pid: 1, startTime: 10)
            let second = RecordedProcess(pid: 1, startTime: 20)
            let client = RecordedProcess(pid: 5, startTime: 6)
            #expect(
                try await fleet.register(DaemonRegistration(role: .watch, process: first, since: noon)) == nil
            )
            try await fleet.setControlClient(client, of: .watch, process: first)
            let former = try await fleet.register(
                DaemonRegistration(role: .watch, process: second, since: later(1)))
            #expect(
                former
                    == DaemonRegistration(
                        role: .watch, process: first, controlClient: client, since: noon))
            // The one that was displaced must not touch its successor's row.
            try await fleet.unregister(.watch, process: first)
            try await fleet.setControlClient(client, of: .watch, process: first)
            #expect(
                try await fleet.daemons() == [
                    DaemonRegistration(role: .watch, process: second, since: later(1))
                ])
            try await fleet.unregister(.watch, process: second)
            #expect(try await fleet.daemons().isEmpty)
        }
    }
}
