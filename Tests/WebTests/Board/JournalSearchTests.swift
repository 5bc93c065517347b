import Core
import Fleet
import Store
import Testing

@testable import Web

/// The journal as people look through it.
@Suite(.timeLimit(.minutes(1)))
struct JournalSearchTests {
    private func write(_ site: SiteFixture, _ kind: JournalKind, _ payload: JSONObject, on subject: Subject)
        async throws
    {
        let draft = JournalDraft(
            subject: subject, kind: kind, source: "test", payload: payload, stage: "deploy")
        _ = try await site.context.store.emit(draft, at: site.clock.now())
    }

    @Test func rowsAreFoundHoweverOldTheyAre() async throws {
        try await withSite { site in
            try await site.addAgent()
            let other = AgentID("agent-0000000000002")
            try await site.addAgent(branch: "feature/b", id: other, pane: "%4")
            let (first, second) = (Subject.agent(SiteFixture.agent), Subject.agent(other))
            try await write(
                site, .stageChanged,
                ["stage": "deploy", "from": "RUNNING", "to": "FAILED", "why": "exit code 3"],
                on: first)
            for number in 1...150 {
                try await write(
                    site, .emit, ["marker": ["type": "STEP", "n": .integer(Int64(number))]],
                    on: number % 3 == 0 ? first : second)
            }
            func find(_ query: String) async throws -> (texts: [String], next: JSONValue?) {
                let answer = try await site.get("/api/journal?\(query)")
                let rows = answer.json["entries"]?.array ?? []
                return (rows.compactMap { $0["text"]?.string }, answer.json["next"])
            }
            // Older than what the page has.
            let failed = try await find("kind=stage&branch=FEATURE/A")
            #expect(failed.texts == ["deploy · running → failed · exit code 3"] && failed.next == .null)
            #expect(try await find("text=exit%20code&branch=feature/b").texts.isEmpty)
            #expect(try await find("text=RUNNING%20%E2%86%92").texts.count == 1)
            // In pages, without a gap or a row twice.
            var (count, next) = (0, "")
            repeat {
                let page = try await find("kind=marker&branch=feature/b&limit=40\(next)")
                count += page.texts.count
                next = page.next?.integer.map { "&before=\($0)" } ?? ""
            } while !next.isEmpty
            #expect(count == 100)
            let chinese = try await site.get("/api/journal?kind=stage", [("Accept-Language", "zh")])
            #expect(chinese.json["entries"]?.array?.first?["text"] == "deploy · 运行中 → 已失败 · exit code 3")
        }
    }

    @Test func rowsSayWhatHappenedToPeople() throws {
        let renderer = try PageRenderer()
        func text(_ kind: JournalKind, _ payload: JSONObject, _ language: PageLanguage = .english) -> String {
            let draft = JournalDraft(
                subject: .mainCheckout, kind: kind, source: "test", payload: payload, stage: "check")
            let entry = JournalEntry(id: 1, at: SampleBoard.now, draft: draft)
            return JournalWords(words: renderer.words(language)).text(of: entry)
        }
        let ended: JSONObject = ["item": "run-1/check/1/start/0", "state": "done", "exit_code": 0]
        #expect(text(.actionEnded, ended) == "check: action 1 · done · exit code 0")
        #expect(text(.actionEnded, ended, .chinese) == "check：动作 1 · 完成 · 退出码 0")
        #expect(
            text(.actionEnded, ["item": "ap-1/asked", "state": "done"])
                == "message about a question · done")
        #expect(
            text(.actionEnded, ["item": "order/f/o-1", "state": "failed", "detail": "gone"])
                == "typed from a page · failed · gone")
        #expect(text(.emit, ["marker": ["type": "STATUS", "stage": "s", "ok": true]]) == "STATUS · s · ok")
        #expect(text(.emit, ["signal": "nightly"]) == "nightly")
        #expect(
            text(.approvalAnswered, ["decision": "reject", "by": "ana", "through": "cli", "reason": "no"])
                == "check: rejected by ana · no")
        #expect(
            text(.approvalAnswered, ["decision": "approve", "by": "x", "through": "expiry"], .chinese)
                == "check：无人及时回答，视为批准")
        #expect(
            text(.agentState, ["state": "waiting", "waiting_for": "trust"], .chinese) == "等待信任确认")
        #expect(text(.policyLoaded, ["refused": "3:1: no"]) == "an edit of the policy is refused: 3:1: no")
        // What only a newer program knows is shown as it is.
        #expect(text(JournalKind("new.kind"), ["a": "b", "none": .null]) == "a: b")
        #expect(text(.stageChanged, ["from": "RUNNING", "to": "PAUSED"]) == "check · running → PAUSED")
    }

    @Test func everyKindIsInOneGroupThatFindsIt() throws {
        for kind in [
            "agent.state", "stage.changed", "stage.witnessed", "marker", "emit", "escalated", "task.added",
        ] {
            let group = JournalWords.group(of: JournalKind(kind))
            let patterns =
                switch try #require(JournalWords.kinds(in: group)) {
                case .only(let patterns): patterns.contains { Glob.branch($0).matches(kind) }
                case .allBut(let patterns): !patterns.contains { Glob.branch($0).matches(kind) }
                }
            #expect(patterns, "\(kind) \(group)")
        }
    }
}
