import Config
import Core
import Foundation
import Testing

@Suite("The page about policies")
struct PolicyPageTests {
    /// The fenced YAML blocks of the page; entries of `stages:` are put into a pipeline.
    static let examples: [String] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = (try? String(contentsOf: root.appending(path: "docs/policy.md"), encoding: .utf8)) ?? ""
        return page.components(separatedBy: "```yaml\n").dropFirst().map { rest in
            let block = rest.components(separatedBy: "\n```")[0]
            guard block.hasPrefix("- name:") else { return block + "\n" }
            let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
            return "pipelines:\n  - name: example\n    stages:\n" + lines.map { "      \($0)\n" }.joined()
        }
    }()

    @Test("Every example of docs/policy.md is a policy without a fault", arguments: examples)
    func example(text: String) {
        #expect(PolicyFile.check(text, file: "example.yaml").map(\.rendered) == [])
    }

    @Test("The page has examples")
    func pageHasExamples() {
        #expect(Self.examples.count >= 10)
    }

    /// The first example does what the sentences below it say.
    @Test("The first example runs as the page tells")
    func firstExample() throws {
        let text = try #require(Self.examples.first)
        let policy = try PolicyFile.read(text, file: "example.yaml").policy
        let subject = Subject.agent(AgentID("a"))
        let start = Timestamp(milliseconds: 0)
        let ids = IDMaker { 7 }
        var machine = PolicyMachine(
            policy: policy, facts: SubjectFacts(subject: subject, branch: "feature/login", since: start))
        let marker = Marker(payload: ["type": "STATUS", "stage": "lint", "ok": true])
        let asked = machine.receive(
            .signal(Signal(subject: subject, at: start, body: .marker(marker, source: "screen"))), at: start,
            ids: ids)
        let approval = try #require(
            asked.compactMap { if case .ask(let approval, _) = $0 { approval } else { nil } }.first)
        #expect(approval.question == "Lint is green. Ship it?")
        let answer = ApprovalAnswer(decision: .approve, by: "ana", through: "cli", at: start)
        let acted = machine.receive(.approvalAnswered(approval.id, answer), at: start, ids: ids)
        let item = try #require(
            acted.compactMap { if case .perform(let item) = $0 { item } else { nil } }.first)
        guard case .shell("make ship", _, _) = item.action else {
            Issue.record("not make ship, but \(item.action)")
            return
        }
        _ = machine.receive(
            .actionEnded(ActionResult(item: item.id, state: .done, exitCode: 0)), at: start, ids: ids)
        #expect(machine.runs.map(\.state) == [.completed])
    }
}
