import Core
import Store
import Testing

@testable import Approvals

@Suite(.timeLimit(.minutes(1)))
struct ApprovalNoticeTests {
    private let keys = ApprovalKeys(secret: Array("a secret of at least 32 bytes ......".utf8))

    private func links() -> ApprovalLinks { ApprovalLinks(base: "https://agents.example.com", keys: keys) }

    private func items(_ fleet: FleetStore, _ ids: [String]) async throws -> [OutboxItem.State?] {
        var states: [OutboxItem.State?] = []
        for id in ids { states.append(try await fleet.outboxItem(OutboxID(id))?.state) }
        return states
    }

    @Test func remindersComeAfterPausesThatDoubleUntilExpiry() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1", expires: later(5 * 3600), onExpire: .rejected)
        let approval = try #require(try await fleet.approval(ApprovalID("ap-1")))
        let notices = approval.notices(remind: .seconds(3600))
        #expect(
            notices.map(\.id.rawValue) == [
                "ap-1/asked", "ap-1/reminder/1", "ap-1/reminder/2", "ap-1/reminder/3",
            ])
        #expect(notices.map(\.dueAt) == [noon, later(3600), later(7200), later(14400)])
        #expect(approval.notices(remind: nil).map(\.id.rawValue) == ["ap-1/asked"])
        var endless = approval
        endless.expiresAt = nil
        #expect(endless.notices(remind: .seconds(60)).count == 1 + Approval.mostReminders)
    }

    @Test(arguments: [
        ("ap-1/asked", "ap-1"), ("ap-1/reminder/3", "ap-1"), ("ap-1/expired", "ap-1"), ("ap-1/reminder", nil),
        ("ap-1/asked/1", nil), ("run-1/asked/1/start/0", nil), ("run-1/reminder/1/start/0", nil),
        ("/asked", nil),
        ("", nil),
    ])
    func rowsAboutApprovalsAreToldFromOthers(id: String, approval: String?) {
        #expect(ApprovalNoticeID(OutboxID(id))?.approval.rawValue == approval)
    }

    @Test func anAnswerTakesBackWhatWasStillToBeSaid() async throws {
        let fleet = try await makeFleet()
        for id in ["ap-1", "ap-2", "ap-10"] {
            try await ask(fleet, id, notices: true)
        }
        // What is being said stays said.
        let claimed = try await fleet.claimOutbox(now: noon)
        #expect(claimed.map(\.id.rawValue) == ["ap-1/asked"])
        _ = try await fleet.answer(
            ApprovalID("ap-1"), ApprovalAnswer(decision: .approve, by: "ada", through: "cli", at: later(1)))
        #expect(
            try await items(fleet, ["ap-1/asked", "ap-1/reminder/1", "ap-1/reminder/2"]) == [
                .attempting, .cancelled, .cancelled,
            ])
        #expect(try await items(fleet, ["ap-10/asked", "ap-10/reminder/1"]) == [.pending, .pending])
        var step = WatchStep()
        step.cancelledApprovals = [ApprovalID("ap-2")]
        try await fleet.commit(step, for: .agent(AgentID("fleet-1-agent-3")), at: later(2))
        #expect(try await items(fleet, ["ap-2/asked", "ap-2/reminder/1"]) == [.cancelled, .cancelled])
        #expect(try await items(fleet, ["ap-10/asked", "ap-10/reminder/1"]) == [.pending, .pending])
    }

    @Test func expirySaysWhatItDecided() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1", expires: later(60), onExpire: .rejected, notices: true)
        _ = try await fleet.expireApprovals(now: later(61))
        #expect(try await items(fleet, ["ap-1/asked", "ap-1/expired"]) == [.cancelled, .pending])
        guard case .notify(let notice) = try await fleet.outboxItem(OutboxID("ap-1/expired"))?.action else {
            Issue.record("no notice")
            return
        }
        #expect(notice.title == "Nobody answered in time: stage 'deploy' of 'ci-ap-1'")
        #expect(notice.body == "Deploy now?\nIt counts as rejected.")
        let said = try await ApprovalNotices(store: fleet, links: links()).completed(
            notice, id: OutboxID("ap-1/expired"), at: later(62))
        #expect(said?.title == notice.title + " on feature/a")
    }

    @Test func whoIsToldLearnsHowToAnswerAndNobodyIsToldTooLate() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1", expires: later(3600), onExpire: .rejected)
        let approval = try #require(try await fleet.approval(ApprovalID("ap-1")))
        let item = approval.notices(remind: nil)[0]
        guard case .notify(let notice) = item.action else { return }
        let notices = ApprovalNotices(store: fleet, links: links())
        let said = try #require(try await notices.completed(notice, id: item.id, at: later(1)))
        #expect(said.title == "Approval needed: stage 'deploy' of 'ci-ap-1' on feature/a")
        let pair = try #require(links().pair(for: approval, channels: [], at: later(1)))
        #expect(
            said.body == """
                Deploy now?
                Without an answer it counts as rejected at 2026-01-01T13:00:00.000Z.
                Approve: \(pair.approve)
                Reject: \(pair.reject)
                tmux-agent approve ap-1
                """)
        // The link answers.
        let token = pair.approve.dropFirst("https://agents.example.com/a/".count).dropLast("/approve".count)
        let result = try await ApprovalAnswers(store: fleet, keys: keys).answer(
            .link(token: String(token), .init(.approve)), at: later(2))
        guard case .accepted = result else {
            Issue.record("\(result)")
            return
        }
        #expect(try await notices.completed(notice, id: item.id, at: later(3)) == nil)
        #expect(
            try await notices.completed(notice, id: OutboxID("run-1/a/1/start/0"), at: later(3)) == notice)
    }

    @Test func noLinkIsGivenWhereNoneIsWanted() async throws {
        let fleet = try await makeFleet()
        try await ask(fleet, "ap-1", channels: ["web"])
        let approval = try #require(try await fleet.approval(ApprovalID("ap-1")))
        #expect(links().pair(for: approval, channels: ["web"], at: later(1)) == nil)
        let item = approval.notices(remind: nil)[0]
        guard case .notify(let notice) = item.action else { return }
        let said = try await ApprovalNotices(store: fleet, links: links()).completed(
            notice, id: item.id, at: later(1))
        #expect(said?.body == "Deploy now?\nAnswered through: web")
        // A question without an end has links that end.
        #expect(links().pair(for: approval, channels: [], at: later(1)) != nil)
        let pair = links().pair(for: approval, channels: [], at: later(1))
        let text = try #require(pair?.approve.split(separator: "/").dropLast().last)
        #expect(try ApprovalToken(String(text), signedWith: keys).expiresAt == later(86_401))
    }
}
