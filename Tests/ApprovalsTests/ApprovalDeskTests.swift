import Core
import Store
import Testing

@testable import Approvals

@Suite(.timeLimit(.minutes(1)))
struct ApprovalDeskTests {
    private func person(
        _ environment: [String: String] = [:], inAgent: Bool = false
    ) -> TerminalCaller {
        TerminalCaller(name: "ada", environment: environment) { inAgent }
    }

    @Test func answerIsRecordedWithWhoThroughWhatWhenAndWhy() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "approval-abc")
        let approval = try await ApprovalDesk(store: fleet).answer(
            "approval-abc", .reject, reason: "not on a Friday", by: person(), at: later(3))
        #expect(approval.state == .rejected)
        #expect(
            approval.answer
                == ApprovalAnswer(
                    decision: .reject, by: "ada", through: "cli", at: later(3), reason: "not on a Friday"))
        let stored = try await fleet.approval(ApprovalID("approval-abc"))
        #expect(stored == approval)
    }

    @Test(arguments: [
        (["TMUX_AGENT_ID": "agent-3"], false, AgentID("agent-3")), (["TMUX_AGENT_ID": ""], false, nil),
        ([:], true, nil),
    ])
    func agentsDoNotAnswer(environment: [String: String], inAgent: Bool, named: AgentID?) async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "approval-abc")
        let error = await #expect(throws: ApprovalsError.askedInsideAgent(named)) {
            try await ApprovalDesk(store: fleet).answer(
                "approval-abc", .approve, reason: nil, by: person(environment, inAgent: inAgent), at: noon)
        }
        #expect(error?.exitStatus == .refused)
        #expect(try await fleet.pendingApprovals().count == 1)
    }

    @Test(arguments: [
        ("approval-abc", "approval-abc"), ("approval-xyz", "approval-xyz0"), ("xyz", "approval-xyz0"),
        ("feature/a", "approval-abc"), ("fix/b", "approval-xyz0"), ("x", "approval-xyz0"),
        ("ci-approval-abc/deploy", "approval-abc"),
    ])
    func questionIsFoundByWhatPeopleCallIt(text: String, id: String) async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "approval-abc")
        try await ask(fleet, "approval-xyz0", agent: 4, stage: "x")
        let found = try await ApprovalDesk(store: fleet).question(named: text)
        #expect(found.approval.id.rawValue == id)
        // An answer is for good: a slip of the finger must not give one.
        await #expect(throws: ApprovalsError.self) {
            try await ApprovalDesk(store: fleet).question(named: "ab")
        }
    }

    @Test(arguments: ["approval-abc", "feature/a", "deploy"])
    func severalThatFitAreListed(text: String) async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "approval-abc0")
        try await ask(fleet, "approval-abc1")
        let list = ["approval-abc0", "approval-abc1"].map { "\($0) feature/a ci-\($0)/deploy" }
        await #expect(throws: ApprovalsError.ambiguous(text: text, candidates: list)) {
            try await ApprovalDesk(store: fleet).question(named: text)
        }
    }

    @Test(arguments: [("approval-abx", ["approval-abc"]), ("delpoy", ["deploy"]), ("zzzzzz", [])])
    func unknownNameGetsTheNearest(text: String, similar: [String]) async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "approval-abc")
        let error = await #expect(throws: ApprovalsError.notFound(text: text, similar: similar)) {
            try await ApprovalDesk(store: fleet).question(named: text)
        }
        #expect(error?.hint != nil)
    }

    @Test func laterAnswerIsToldWhoWasEarlier() async throws {
        let fleet = try await makeFleet()
        let desk = ApprovalDesk(store: fleet)
        try await ask(fleet, "approval-abc")
        let first = try await desk.answer("approval-abc", .approve, reason: nil, by: person(), at: later(1))
        let error = await #expect(throws: ApprovalsError.answeredAlready(first)) {
            try await desk.answer("approval-abc", .reject, reason: nil, by: person(), at: later(2))
        }
        #expect(
            error?.message
                == "Approval approval-abc was approved by ada through cli at 2026-01-01T12:00:01.000Z")
        #expect(error?.exitStatus == .notAchieved)
    }

    @Test func expiredAndWithdrawnQuestionsSaySo() async throws {
        let fleet = try await makeFleet()
        let desk = ApprovalDesk(store: fleet)
        try await ask(fleet, "approval-abc", expires: later(5), onExpire: .rejected)
        try await ask(fleet, "approval-xyz", agent: 4)
        let expired = await #expect(throws: ApprovalsError.self) {
            try await desk.answer("approval-abc", .approve, reason: nil, by: person(), at: later(9))
        }
        #expect(expired?.message == "Approval approval-abc expired and counts as rejected")
        try await fleet.remove(AgentID("fleet-1-agent-4"), at: noon)
        let withdrawn = await #expect(throws: ApprovalsError.self) {
            try await desk.answer("approval-xyz", .approve, reason: nil, by: person(), at: later(9))
        }
        #expect(withdrawn?.code == "approval_withdrawn")
    }

    @Test func openQuestionsAreListedOldestFirstAndAllOnDemand() async throws {
        let fleet = try await makeFleet()
        let desk = ApprovalDesk(store: fleet)
        try await ask(fleet, "approval-abc")
        try await ask(fleet, "approval-main", agent: nil)
        _ = try await desk.answer("approval-abc", .approve, reason: nil, by: person(), at: noon)
        let open = try await desk.questions()
        #expect(open.map(\.approval.id.rawValue) == ["approval-main"])
        #expect(open.map(\.branch) == [nil])
        let all = try await desk.questions(all: true)
        #expect(all.map(\.approval.id.rawValue) == ["approval-main", "approval-abc"])
        #expect(all.map(\.branch) == [nil, "feature/a"])
    }
}
