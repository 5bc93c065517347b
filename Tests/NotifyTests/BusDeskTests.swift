import Core
import Notify
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BusDeskTests {
    private func agent(_ id: String, branch: String, session: String? = nil) -> Agent {
        Agent(
            id: AgentID(id),
            place: AgentPlace(
                branch: branch, worktree: FilePath("/r/\(id)"), session: SessionName(session ?? "agent-\(id)")
            ),
            program: AgentProgram(command: "x", profile: "agent", kind: "shell", searchPath: "/bin"),
            pane: nil, spawn: SpawnProgress(phase: .ready), condition: AgentCondition(.idle, since: noon),
            createdAt: noon)
    }

    private func withDesk(
        _ body: (BusDesk, FleetStore, (String) throws -> BusLine) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let store = try Store.inMemory()
            let fleet = store.fleet(FleetID("fleet-shop"))
            let other = store.fleet(FleetID("fleet-other"))
            for (records, name) in [(fleet, "shop"), (other, "other")] {
                try await records.register(
                    FleetRegistration(id: records.fleet, name: name, path: "/r"), at: noon)
            }
            try await fleet.insert(agent("agent-1", branch: "feature/a"), at: noon)
            try await fleet.insert(agent("agent-2", branch: "shared", session: "s"), at: noon)
            try await other.insert(agent("agent-3", branch: "shared"), at: noon)
            let desk = BusDesk(
                store: fleet, fleetName: "shop", redaction: Redaction(["hunter2-key"]))
            let bus = BusFolder(folder.appending("bus"))
            try bus.make()
            try await body(desk, fleet) { text in
                let file = bus.path.appending("commands.jsonl")
                try? Files.remove(file)  // the first has none before it
                try Files.append(text + "\n", to: file)
                let reader = BusReader(bus, .commands, name: "r")
                return try #require(try reader.read(from: reader.beginning()).lines.first)
            }
        }
    }

    @Test func commandsBecomeActionsOnce() async throws {
        try await withDesk { desk, fleet, line in
            var deed: BusDesk.Deed
            let text =
                "{\"branch\":\"feature/a\",\"text\":\"make test\",\"id\":\"c1\",\"ts\":1767268800,"
                + "\"sender\":\"phone hunter2-key\"}"
            deed = try await desk.takeCommand(try line(text), at: noon)
            #expect(deed == .ordered(for: "feature/a"))
            deed = try await desk.takeCommand(try line(text), at: noon)
            #expect(deed == .known)
            let keys = "{\"session\":\"agent-agent-1\",\"keys\":[\"C-c\",\"Up\"],\"id\":\"c2\"}"
            deed = try await desk.takeCommand(try line(keys), at: noon)
            #expect(deed == .ordered(for: "feature/a"))
            let first = try #require(try await fleet.outboxItem(OutboxID("bus/fleet-shop/c1")))
            #expect(first.action == .sendKeys(text: "make test", enter: true))
            #expect(first.subject == .agent(AgentID("agent-1")))
            let second = try #require(try await fleet.outboxItem(OutboxID("bus/fleet-shop/c2")))
            #expect(second.action == .keys(["C-c", "Up"]))
            let rows = try await fleet.journal(after: 0, limit: 100).filter { $0.kind == .busCommand }
            #expect(rows.map { $0.payload["id"]?.string } == ["c1", "c2"])
            #expect(rows[0].payload["sender"]?.string == "phone [redacted]")
        }
    }

    @Test func aPaneMeansWhoLivesInItNow() async throws {
        try await withDesk { desk, fleet, line in
            let pane = try #require(PaneID("%0"))
            for (number, life) in [(1, Int32(7)), (2, Int32(8))] {
                try await fleet.recordStart(
                    AgentID("agent-\(number)"),
                    pane: RecordedPane(
                        server: TmuxServerID(socket: "/s", pid: life, startTime: 1), pane: pane),
                    tap: FilePath("/t\(number)"), at: later(Int64(number)))
            }
            var deed: BusDesk.Deed
            let now = "{\"pane_id\":\"%0\",\"text\":\"x\",\"id\":\"1\"}"
            deed = try await desk.takeCommand(try line(now), at: later(3))
            #expect(deed == .ordered(for: "shared"))
            let former = "{\"pane_id\":\"%0\",\"branch\":\"feature/a\",\"text\":\"x\",\"id\":\"2\"}"
            deed = try await desk.takeCommand(try line(former), at: later(3))
            #expect(deed == .refused("no agent of this fleet has all of these names: feature/a, %0"))
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var text: String
        var reason: String
        var testDescription: String { text }
    }

    @Test(arguments: [
        Refused(text: "{\"text\":\"rm -rf /\"}", reason: "it names no branch, session or pane_id"),
        Refused(text: "{\"branch\":\"\",\"text\":\"x\"}", reason: "it names no branch, session or pane_id"),
        Refused(
            text: "{\"branch\":\"nobody\",\"text\":\"x\"}", reason: "no agent of this fleet is called nobody"),
        Refused(
            text: "{\"branch\":\"feature/a\",\"session\":\"s\",\"text\":\"x\"}",
            reason: "no agent of this fleet has all of these names: feature/a, s"),
        Refused(
            text: "{\"branch\":\"feature/a\",\"host\":\"gpu\",\"text\":\"x\"}",
            reason: "no agent of this fleet is called gpu:feature/a"),
        Refused(
            text: "{\"branch\":\"shared\",\"text\":\"x\"}",
            reason: "agents of several fleets are called shared: name the 'fleet', too"),
        Refused(text: "{\"branch\":\"feature/a\",\"text\":42}", reason: "'text' is no text"),
        Refused(
            text: "{\"branch\":\"feature/a\",\"keys\":[\"C-q\",\"Bogus\"]}",
            reason: "tmux has no key named 'Bogus'"),
        Refused(text: "{\"branch\":\"feature/a\"}", reason: "it has neither 'text' nor 'keys'"),
        Refused(
            text: "{\"branch\":\"feature/a\",\"text\":\"x\",\"keys\":\"y\"}",
            reason: "it has both 'text' and 'keys'"),
        Refused(
            text: "{\"branch\":\"feature/a\",\"text\":\"\",\"enter\":\"false\"}",
            reason: "there is nothing to type"),
        Refused(text: "{\"branch\":7,\"text\":\"x\"}", reason: "'branch' is no text"),
        Refused(
            text: "{\"branch\":\"feature/a\",\"keys\":[1]}", reason: "'keys' holds something else than texts"),
        Refused(
            text: "{\"branch\":\"feature/a\",\"text\":\"x\",\"ts\":1767265199}",
            reason: "it is more than an hour old"),
        Refused(text: "not json", reason: "it is no JSON object"),
    ])
    func whatIsNotUnderstoodIsRefusedOnceWithTheReason(_ refused: Refused) async throws {
        try await withDesk { desk, fleet, line in
            let taken = try line(refused.text)
            #expect(try await desk.takeCommand(taken, at: noon) == .refused(refused.reason))
            #expect(try await desk.takeCommand(taken, at: noon) == .none)
            let rows = try await fleet.journal(after: 0, limit: 100).filter { $0.kind == .busRefused }
            #expect(rows.map { $0.payload["reason"]?.string } == [refused.reason])
            #expect(try await fleet.claimOutbox(now: later(10)).isEmpty)
        }
    }

    @Test func linesForOtherFleetsAreTheirs() async throws {
        try await withDesk { desk, fleet, line in
            var deed: BusDesk.Deed
            let theirs = "{\"branch\":\"shared\",\"text\":\"x\",\"id\":\"1\",\"fleet\":\"other\"}"
            deed = try await desk.takeCommand(try line(theirs), at: noon)
            #expect(deed == .none)
            for name in ["shop", "fleet-shop"] {
                let ours = "{\"branch\":\"shared\",\"text\":\"x\",\"id\":\"\(name)\",\"fleet\":\"\(name)\"}"
                deed = try await desk.takeCommand(try line(ours), at: noon)
                #expect(deed == .ordered(for: "shared"))
            }
            // A session is one on the whole machine.
            let session = "{\"session\":\"s\",\"text\":\"\",\"id\":\"3\"}"
            deed = try await desk.takeCommand(try line(session), at: noon)
            #expect(deed == .ordered(for: "shared"))
            #expect(
                try await fleet.outboxItem(OutboxID("bus/fleet-shop/3"))?.action == .keys(["Enter"]))
        }
    }

    @Test func panesOfRunAreMeantByTheirNamesAndAgentsAreLeftToTheirFleets() async throws {
        try await withDesk { _, fleet, line in
            let records = fleet.store.fleet(FleetID("run-1"))
            try await records.register(
                FleetRegistration(id: records.fleet, name: "hosts", path: "/r/hosts.yaml"), at: noon)
            func pane(_ id: String, _ session: String, host: String = "local") throws -> WatchedPane {
                WatchedPane(
                    pane: HostPane(host: host, pane: try #require(PaneID(id)), serverPID: 7, serverStart: 1),
                    session: session, window: "sh")
            }
            let home = try #require(PaneID("%9"))
            try await fleet.recordStart(
                AgentID("agent-1"),
                pane: RecordedPane(server: TmuxServerID(socket: "/s", pid: 7, startTime: 1), pane: home),
                tap: FilePath("/t"), at: noon)
            let watched = [
                try pane("%1", "work"), try pane("%2", "pair"), try pane("%3", "pair"),
                try pane("%1", "far", host: "gpu"), try pane("%9", "lent"),
            ]
            let desk = BusDesk(
                store: records, fleetName: "hosts", audience: .panes { watched },
                redaction: Redaction(["hunter2-key"]))
            func deed(_ fields: String) async throws -> BusDesk.Deed {
                try await desk.takeCommand(try line("{\(fields),\"text\":\"x\"}"), at: noon)
            }
            for fields in [
                #""session":"work""#, #""branch":"work:sh","fleet":"hosts""#,
                #""pane_id":"%1","host":"local""#,
            ] {
                #expect(try await deed(fields) == .ordered(for: "work:sh"), "\(fields)")
            }
            #expect(try await deed(#""pane_id":"%1","host":"gpu""#) == .ordered(for: "far:sh"))
            let items = try await records.claimOutbox(now: noon)
            #expect(items.contains { $0.subject == .pane(watched[0].pane) })
            #expect(items.allSatisfy { $0.action == .sendKeys(text: "x", enter: true) })
            #expect(
                try await deed(#""pane_id":"%1""#)
                    == .refused(
                        "'run' watches 2 panes that are called %1: name one by 'host' and 'pane_id'"))
            #expect(
                try await deed(#""session":"work","pane_id":"%2""#)
                    == .refused("'run' watches no pane that is called work, %2"))
            // A fleet has an agent of that name, or one that lives in the pane.
            for fields in [
                #""branch":"feature/a""#, #""session":"s""#, #""session":"lent""#, #""pane_id":"%9""#,
            ] {
                #expect(try await deed(fields) == .none, "\(fields)")
            }
            #expect(try await deed(#""session":"lent","fleet":"hosts""#) == .ordered(for: "lent:sh"))
        }
    }

    @Test func linesThatMayBeOldMustSayFromWhenTheyAre() async throws {
        try await withDesk { desk, _, line in
            var deed: BusDesk.Deed
            let undated = "{\"branch\":\"feature/a\",\"text\":\"x\",\"id\":\"1\"}"
            deed = try await desk.takeCommand(try line(undated), mayBeOld: true, at: noon)
            #expect(
                deed
                    == .refused("it stood there before anybody looked, and no 'ts' says from when it is"))
            // One that was taken while the daemon ran is not refused after its restart.
            let taken = "{\"branch\":\"feature/a\",\"text\":\"x\",\"id\":\"2\"}"
            deed = try await desk.takeCommand(try line(taken), at: noon)
            #expect(deed == .ordered(for: "feature/a"))
            deed = try await desk.takeCommand(try line(taken), mayBeOld: true, at: noon)
            #expect(deed == .known)
        }
    }

    @Test func confirmationsAnswerTheApprovalThatTheyName() async throws {
        try await withDesk { desk, fleet, line in
            var deed: BusDesk.Deed
            let subject = Subject.agent(AgentID("agent-1"))
            var step = WatchStep()
            step.runs = [
                PipelineRun(
                    id: RunID("run-1"), pipeline: "ci", subject: subject, state: .running, startedAt: noon,
                    stages: [])
            ]
            step.approvals = ["ap-1", "ap-2", "ap-3"].map { id in
                Approval(
                    id: ApprovalID(id), purpose: .stageStart, subject: subject, run: RunID("run-1"),
                    pipeline: "ci", stage: id, attempt: 1, question: "?", createdAt: noon, expiresAt: nil,
                    onExpire: nil)
            }
            step.approvalChannels = [ApprovalID("ap-3"): ["web"]]
            try await fleet.commit(step, for: subject, at: noon)
            let first = "{\"approval\":\"ap-1\",\"action\":\"approve\",\"sender\":\"ana\"}"
            deed = try await desk.takeConfirmation(try line(first), at: noon)
            #expect(deed == .answered(ApprovalID("ap-1")))
            deed = try await desk.takeConfirmation(try line(first), at: noon)
            #expect(deed == .none)
            let second = "{\"meta\":{\"approval\":\"ap-2\",\"reason\":\"too early\"},\"action\":\"reject\"}"
            deed = try await desk.takeConfirmation(try line(second), at: noon)
            #expect(deed == .answered(ApprovalID("ap-2")))
            let answer = try #require(try await fleet.approval(ApprovalID("ap-2"))?.answer)
            #expect(answer.decision == .reject)
            #expect(answer.by == "bus: unknown writer")
            #expect(answer.through == "file")
            #expect(answer.reason == "too early")
            let third = "{\"approval\":\"ap-3\",\"action\":\"approve\"}"
            deed = try await desk.takeConfirmation(try line(third), at: noon)
            #expect(deed == .refused("ap-3 is not answered by files"))
            for ignored in [
                "{\"branch\":\"feature/a\",\"action\":\"approve\",\"command\":\"x\"}",
                "{\"approval\":\"ap-99\",\"action\":\"approve\"}", "nonsense",
            ] {
                deed = try await desk.takeConfirmation(try line(ignored), at: noon)
                #expect(deed == .none, "\(ignored)")
            }
            let odd = "{\"approval\":\"ap-3\",\"action\":\"maybe\",\"id\":\"odd\"}"
            deed = try await desk.takeConfirmation(try line(odd), at: noon)
            #expect(deed == .refused("'action' is neither approve nor reject"))
        }
    }
}
