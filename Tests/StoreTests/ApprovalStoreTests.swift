import Core
import ProcessKit
import Store
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ApprovalStoreTests {
    @Test(arguments: Medium.allCases)
    func firstAnswerWinsAndIsKept(medium: Medium) async throws {
        try await withFleet(medium) { fleet in
            try await put(fleet, runs: [run("run-1")], approvals: [approval("approval-1")])
            let id = ApprovalID("approval-1")
            var settled = approval("approval-1")
            settled.state = .rejected
            settled.answer = answer(.reject)
            #expect(try await fleet.answer(id, answer(.reject)) == .recorded(settled))
            #expect(try await fleet.answer(id, answer(.approve, by: "bob")) == .late(settled))
            #expect(try await fleet.approval(id) == settled)
            #expect(try await fleet.pendingApprovals().isEmpty)
            let row = try #require(
                try await fleet.journal(after: 0, kinds: [.approvalAnswered], limit: 5).first)
            #expect(
                row.payload == [
                    "approval": "approval-1", "decision": "reject", "state": "rejected", "by": "ada",
                    "through": "cli", "reason": "because",
                ])
            #expect(row.draft.stage == "lint")
            #expect(try await fleet.journal(after: row.id, limit: 5).isEmpty)
        }
    }

    @Test func ofRacingAnswersExactlyOneCounts() async throws {
        try await withTwoStores { daemon, command in
            let count = 40
            let ids = (0..<count).map { ApprovalID("approval-\($0)") }
            try await put(
                daemon, runs: [run("run-1")], approvals: ids.map { approval($0.rawValue, stage: $0.rawValue) }
            )
            let outcomes = try await withThrowingTaskGroup(of: [AnswerOutcome].self) { group in
                for (fleet, decision) in [(daemon, ApprovalAnswer.Decision.approve), (command, .reject)] {
                    group.addTask { @concurrent in
                        var outcomes: [AnswerOutcome] = []
                        for id in ids { outcomes.append(try await fleet.answer(id, answer(decision))) }
                        return outcomes
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let recorded = outcomes.filter { if case .recorded = $0 { true } else { false } }
            #expect(recorded.count == count)
            for outcome in outcomes {
                guard case .late(let earlier) = outcome else { continue }
                #expect(recorded.contains(.recorded(earlier)))
            }
            let rows = try await daemon.journal(after: 0, kinds: [.approvalAnswered], limit: 1000)
            #expect(rows.count == count)
        }
    }

    @Test func answerIsForGoodAlsoForOtherPrograms() async throws {
        try await withFleet(.file) { fleet in
            try await put(fleet, runs: [run("run-1")], approvals: [approval("approval-1")])
            _ = try await fleet.answer(ApprovalID("approval-1"), answer(.reject))
            let result = try await sqlite3(
                fleet.store.path, "UPDATE approval SET state = 'approved', decision = 'approve'")
            #expect(!result.isSuccess)
            #expect(result.errorText.contains("answered once for good"))
        }
    }

    @Test func expiryDecidesWhereItShall() async throws {
        try await withFleet { fleet in
            try await put(
                fleet, runs: [run("run-1")],
                approvals: [
                    approval("reject", stage: "a", expires: later(10), onExpire: .rejected),
                    approval("approve", stage: "b", expires: later(20), onExpire: .approved),
                    approval("stays", stage: "c", expires: later(10)),
                    approval("open", stage: "d"),
                ])
            #expect(try await fleet.nextApprovalExpiry() == later(10))
            #expect(try await fleet.expireApprovals(now: later(9)).isEmpty)
            let expired = try await fleet.expireApprovals(now: later(10))
            #expect(expired.map(\.id.rawValue) == ["reject"])
            #expect(expired.map(\.state) == [.rejected])
            #expect(expired.first?.answer?.through == "expiry")
            // An answer that comes too late takes the expiry's place, it does not beat it.
            let outcome = try await fleet.answer(ApprovalID("approve"), answer(.reject, at: later(30)))
            guard case .expired(let settled) = outcome else {
                Issue.record("expected expiry, got \(outcome)")
                return
            }
            #expect(settled.state == .approved)
            let again = try await fleet.answer(ApprovalID("reject"), answer(.approve, at: later(30)))
            #expect(again == .expired(expired[0]))
            #expect(try await fleet.pendingApprovals().map(\.id.rawValue) == ["stays", "open"])
            let stays = try await fleet.answer(ApprovalID("stays"), answer(.approve, at: later(30)))
            if case .recorded = stays {} else { Issue.record("expected to be recorded, got \(stays)") }
        }
    }

    @Test func cancelledQuestionCannotBeAnswered() async throws {
        try await withFleet { fleet in
            try await put(fleet, runs: [run("run-1")], approvals: [approval("approval-1")])
            var step = WatchStep()
            step.cancelledApprovals = [ApprovalID("approval-1")]
            try await fleet.commit(step, for: .agent(AgentID("agent-1")), at: noon)
            guard
                case .late(let approval) = try await fleet.answer(ApprovalID("approval-1"), answer(.approve))
            else {
                Issue.record("a cancelled question took an answer")
                return
            }
            #expect(approval.state == .cancelled)
            #expect(approval.answer == nil)
        }
    }

    @Test func sameQuestionIsNotAskedTwice() async throws {
        try await withFleet { fleet in
            try await put(fleet, runs: [run("run-1")], approvals: [approval("approval-1")])
            try await put(fleet, approvals: [approval("approval-1")])
            #expect(try await fleet.journal(after: 0, kinds: [.approvalAsked], limit: 5).count == 1)
            let error = await #expect(throws: StoreError.self) {
                try await put(fleet, approvals: [approval("approval-2")])
            }
            #expect(error?.code == "database_rule_broken")
            try await put(fleet, approvals: [approval("approval-3", attempt: 2)])
            #expect(try await fleet.approvals(run: RunID("run-1"), stage: "lint").count == 2)
            #expect(try await fleet.approvals(limit: 1).map(\.id.rawValue) == ["approval-3"])
        }
    }

    @Test func unknownApprovalNamesTheNearest() async throws {
        try await withFleet { fleet in
            try await put(fleet, runs: [run("run-1")], approvals: [approval("approval-1")])
            await #expect(throws: StoreError.approvalNotFound(id: "aproval-1", similar: ["approval-1"])) {
                try await fleet.answer(ApprovalID("aproval-1"), answer(.approve))
            }
        }
    }

    @Test func answerComesThroughTheChannelsOfThePolicyOnly() async throws {
        try await withFleet { fleet in
            var step = WatchStep()
            step.runs = [run("run-1")]
            step.approvals = [approval("approval-1"), approval("approval-2", stage: "test")]
            step.approvalChannels = [ApprovalID("approval-1"): ["web", "link"]]
            let id = ApprovalID("approval-1")
            try await fleet.commit(step, for: .agent(AgentID("agent-1")), at: noon)
            let error = await #expect(
                throws: StoreError.channelRefused(id: id, through: "cli", allowed: ["web", "link"])
            ) {
                try await fleet.answer(id, answer(.approve))
            }
            #expect(error?.exitStatus == .refused)
            #expect(try await fleet.channels(of: id) == ["web", "link"])
            let byFile = try await fleet.pendingApprovals(through: "file")
            #expect(byFile.map(\.id.rawValue) == ["approval-2"])
            let web = ApprovalAnswer(decision: .approve, by: "ada", through: "web", at: noon)
            guard case .recorded = try await fleet.answer(id, web) else {
                Issue.record("the web's answer was not taken")
                return
            }
        }
    }
}
