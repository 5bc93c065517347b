import Core
import Store
import SystemPackage
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AgentStoreTests {
    @Test(arguments: Medium.allCases)
    func agentComesBackAsItWas(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            try await fleet.insert(agent(), at: noon)
            #expect(try await fleet.agent(AgentID("agent-1")) == agent())
            #expect(try await fleet.agents() == [agent()])
            let other = agent("agent-2", branch: "feature/b", ownCommand: true)
            try await fleet.insert(other, at: noon)
            #expect(try await fleet.agent(AgentID("agent-2")) == other)
        }
    }

    @Test func startBeginsAGeneration() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent(), at: noon)
            let id = AgentID("agent-1")
            let server = TmuxServerID(socket: "/tmp/s", pid: 10, startTime: 20)
            let pane = RecordedPane(
                server: server, pane: try #require(PaneID("%3")),
                process: RecordedProcess(pid: 11, startTime: 12))
            let tap = FilePath("/logs/agent-1.tap")
            let first = try await fleet.recordStart(id, pane: pane, tap: tap, at: later(1))
            #expect(first.generation == 1)
            #expect(first.pane == pane)
            #expect(first.tap == tap)
            let second = try await fleet.recordStart(id, pane: pane, tap: tap, at: later(2))
            #expect(second.generation == 2)
            #expect(second.spawn == agent().spawn)
            #expect(try await fleet.agent(id) == second)
            let spawner = RecordedProcess(pid: 43, startTime: 4712)
            let third = try await fleet.recordStart(
                id, pane: pane, tap: tap, next: (.briefing, spawner), at: later(3))
            #expect(
                third.spawn == SpawnProgress(phase: .briefing, spawner: spawner, madeBranch: true))
            try await fleet.setPhase(.ready, of: id, spawner: nil)
            #expect(try await fleet.agent(id)?.spawn == SpawnProgress(phase: .ready, madeBranch: true))
        }
    }

    @Test func ofRacingSpawnsOneGetsTheBranch() async throws {
        try await withTwoStores { one, two in
            let results = await withTaskGroup(of: StoreError?.self) { group in
                for (number, fleet) in [one, two, one, two].enumerated() {
                    group.addTask { @concurrent in
                        do {
                            try await fleet.insert(agent("agent-\(number)"), at: noon)
                            return nil
                        } catch {
                            return error as? StoreError
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.filter { $0 == nil }.count == 1)
            #expect(results.filter { $0 == .branchTaken(branch: "feature/a") }.count == 3)
            let agents = try await one.agents()
            #expect(agents.count == 1)
        }
    }

    @Test func sessionBelongsToOneLivingAgent() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent("agent-1", branch: "a", session: "s"), at: noon)
            await #expect(throws: StoreError.sessionTaken(session: "s")) {
                try await fleet.insert(agent("agent-2", branch: "b", session: "s"), at: noon)
            }
        }
    }

    @Test func removalFreesTheBranchAndCancelsWhatWaits() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent(), at: noon)
            try await put(
                fleet, runs: [run("run-1")], outbox: [item("a"), item("b")],
                approvals: [approval("approval-1")])
            _ = try await fleet.claimOutbox(now: noon)
            try await fleet.remove(AgentID("agent-1"), at: later(5))
            try await fleet.remove(AgentID("agent-1"), at: later(6))
            #expect(try await fleet.agents().isEmpty)
            #expect(try await fleet.agents(includingRemoved: true).first?.removedAt == later(5))
            #expect(try await fleet.outboxItem(OutboxID("a"))?.state == .attempting)
            #expect(try await fleet.outboxItem(OutboxID("b"))?.state == .cancelled)
            #expect(try await fleet.approval(ApprovalID("approval-1"))?.state == .cancelled)
            #expect(try await fleet.run(RunID("run-1")).state == .cancelled)
            let kinds = try await fleet.journal(after: 0, limit: 50).map(\.kind)
            #expect(kinds.filter { $0 == .agentRemoved }.count == 1)
            try await fleet.insert(agent("agent-2"), at: later(7))
            #expect(try await fleet.agents().map(\.id.rawValue) == ["agent-2"])
        }
    }

    @Test func conditionIsJournalledWhenItChanges() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent(), at: noon)
            let id = AgentID("agent-1")
            let gone = AgentCondition(.exited, exitStatus: 3, since: later(1))
            try await fleet.recordCondition(id, gone, source: "sessions")
            try await fleet.recordCondition(
                id, AgentCondition(.exited, exitStatus: 3, since: later(9)), source: "sessions")
            #expect(try await fleet.agent(id)?.condition == gone)
            let rows = try await fleet.journal(after: 0, kinds: [.agentState], limit: 5)
            #expect(rows.map(\.payload) == [["state": "exited", "exit_status": 3]])
            #expect(rows.map(\.draft.source) == ["sessions"])
        }
    }

    @Test(arguments: [("feature/login", "1"), ("agent-2", "2"), ("agent-agent-1", "1")])
    func agentIsFoundByBranchIDOrSession(name: String, number: String) async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent("agent-1", branch: "feature/login"), at: noon)
            try await fleet.insert(agent("agent-2", branch: "fix/typo"), at: noon)
            #expect(try await fleet.agent(named: name).id.rawValue == "agent-\(number)")
        }
    }

    @Test(arguments: [
        ("feature/logni", ["feature/login"]), ("login", ["feature/login"]), ("zzz", []), ("", []),
    ])
    func unknownAgentNamesTheNearest(name: String, similar: [String]) async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent("agent-1", branch: "feature/login"), at: noon)
            try await fleet.insert(agent("agent-2", branch: "fix/typo"), at: noon)
            await #expect(throws: StoreError.agentNotFound(name: name, similar: similar)) {
                try await fleet.agent(named: name)
            }
        }
    }

    @Test func rolledBackSpawnLeavesNoAgent() async throws {
        try await withFleet { fleet in
            try await fleet.insert(agent(), at: noon)
            try await fleet.discard(AgentID("agent-1"))
            #expect(try await fleet.agents(includingRemoved: true).isEmpty)
            try await fleet.insert(agent("agent-2"), at: noon)
        }
    }
}
