import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Orchestrator

@Suite(.timeLimit(.minutes(1)))
struct OrchestratorAuditTests {
    @Test func everyFileOfTheRecordBeginsWithAPlan() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("record.jsonl")
            let audit = OrchestratorAudit(path: path, limit: 500)
            let tasks = [PlannedTask(branch: "a")]
            var machine = OrchestratorMachine(settings: OrchestratorSettings(), salt: "t")
            let now = Timestamp(milliseconds: 1_000_000)
            try audit.begin(machine, tasks: tasks, at: now)
            for event in [
                OrchestratorEvent.planned(tasks: tasks), .spawned(branch: "a", agent: AgentID("agent-a")),
            ] {
                let effects = machine.receive(event, at: now)
                try audit.write(event, effects, machine.takeChanges(), nil, machine, at: now)
            }
            let former = try #require(try Files.readText(FilePath("\(path).1")))
            #expect(former.contains("\"event\":\"input\""))
            let line = try #require(try Files.readText(path)?.split(separator: "\n").first)
            let plan = try JSONValue.parse(String(line))
            #expect(plan["event"] == "plan" && plan["start"]?["isContinued"] == true, "\(plan)")
            #expect(plan["start"]?["tasks"]?.array?.first?["branch"] == "a")
        }
    }

    @Test func whatCannotBeWrittenIsAnError() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending("record.jsonl")
            try Files.makeFolder(path)
            let machine = OrchestratorMachine(settings: OrchestratorSettings(), salt: "t")
            #expect(throws: (any Error).self) {
                try OrchestratorAudit(path: path).begin(machine, tasks: [], at: Timestamp(milliseconds: 0))
            }
        }
    }
}
