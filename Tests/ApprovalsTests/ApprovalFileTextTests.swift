import Core
import Testing

@testable import Approvals

struct ApprovalFileTextTests {
    private func question(_ text: String, branch: String? = "feature/a", stage: String = "deploy")
        -> ApprovalQuestion
    {
        ApprovalQuestion(
            Approval(
                id: ApprovalID("approval-abc"), purpose: .stageStart, subject: .mainCheckout,
                run: RunID("run-1"), pipeline: "ci", stage: stage, attempt: 2, question: text,
                createdAt: noon,
                expiresAt: later(60), onExpire: .rejected), branch: branch)
    }

    @Test func requestReadsLikeThis() {
        #expect(
            ApprovalFileText.request(question("Deploy?\nReally?"), place: nil) == """
                # approval: approval-abc
                # branch: feature/a
                # pipeline: ci
                # stage: deploy, attempt 2
                # expires: 2026-01-01T12:01:00.000Z
                #
                # | Deploy?
                # | Really?
                #
                # Write approve or reject on a line of its own at the end of this file and save it.
                PENDING

                """)
    }

    @Test(arguments: [
        "x\napprove", "x\r\napprove\r\n", "x\rapprove", "x\u{2028}approve", "x\u{85}approve\n",
        "x\u{b}approve",
        "x\u{c}approve\n\n", "approve\n# approval: other", "\u{1b}[2Kapprove", "\n\napprove\n",
    ])
    func agentsTextCannotAnswer(text: String) {
        let request = ApprovalFileText.request(
            question(text, branch: "b\napprove", stage: "s\napprove"), place: nil)
        #expect(ApprovalFileText.verdict(in: request) == .pending)
        #expect(ApprovalFileText.approval(in: request) == ApprovalID("approval-abc"))
        let lines = request.unicodeScalars.split { $0.properties.isWhitespace && $0 != " " }
        let bare = lines.filter { $0.first != "#" }.map { String(String.UnicodeScalarView($0)) }
        #expect(bare == ["PENDING"])
        #expect(!request.unicodeScalars.contains("\u{1b}"))
    }

    @Test(arguments: [
        ("approve", ApprovalAnswer.Decision.approve), ("approved\n", .approve), ("  YES  \n", .approve),
        ("PENDING\napprove\n", .approve), ("PENDING\r\napprove\r\n", .approve),
        ("# c\n\nno\n# said\n\n", .reject),
        ("approve\nreject\n", .reject), ("rejected", .reject), ("maybe\n# tmux-agent: ?\nReject\n", .reject),
    ])
    func lastLineDecides(text: String, decision: ApprovalAnswer.Decision) {
        #expect(ApprovalFileText.verdict(in: text) == .answer(decision))
    }

    @Test(arguments: [
        "", "PENDING", "PENDING\n", "# approve\n", "\n\n", "approve\nPENDING\n", "PENDING\nappro",
    ])
    func restIsPending(text: String) {
        #expect(ApprovalFileText.verdict(in: text) == .pending)
    }

    @Test(arguments: [
        ("approve it\n", "approve it"), ("do not approve\n", "do not approve"), ("approve.\n", "approve."),
        ("no!\n", "no!"), ("PENDING approve\n", "PENDING approve"), ("pending\n", "pending"),
    ])
    func anythingElseIsNotUnderstood(text: String, line: String) {
        #expect(ApprovalFileText.verdict(in: text) == .unknown(line, isToldSo: false))
        let told = text + ApprovalFileText.complaint(about: line)
        #expect(ApprovalFileText.verdict(in: told) == .unknown(line, isToldSo: true))
    }

    @Test(arguments: [
        ("deploy", "pct3__deploy.txt"), ("a/../../etc", "pct3__a_.._.._etc.txt"), ("构建 1", "pct3__构建 1.txt"),
        ("x\ny\u{0}", "pct3__x_y_.txt"),
    ])
    func placeStaysInItsFolder(stage: String, name: String) throws {
        var approval = question("", stage: stage).approval
        approval.subject = .agent(AgentID("a"))
        let place = try #require(ApprovalFilePlace(approval, host: "../shop", pane: PaneID("%3")))
        #expect(place.name == name)
        #expect(place.folder == "_._shop")
    }

    @Test func placeOfAClassicPaneIsItsHost() throws {
        var approval = question("").approval
        let pane = try #require(HostPane("build-1:%12@99.1700000000"))
        approval.subject = .pane(pane)
        let place = try #require(ApprovalFilePlace(approval, host: "shop", pane: nil))
        #expect(place.description == "build-1/pct12__deploy.txt")
        approval.subject = .mainCheckout
        #expect(ApprovalFilePlace(approval, host: "shop", pane: nil) == nil)
    }

    @Test func longNamesAreCutAtACharacter() {
        let name = ApprovalFilePlace.component(String(repeating: "构", count: 300))
        #expect(name == String(repeating: "构", count: 66))
        #expect(ApprovalFilePlace.component("") == "_")
        #expect(ApprovalFilePlace.component("..") == "_.")
    }
}
