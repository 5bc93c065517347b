import Core
import Fleet
import GitKit
import Store
import TestSupport
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2)))
struct BoardReaderTests {
    static let policy = """
        principles: ["Small steps"]
        pipelines:
          - name: ci
            match: { branch: "feature/*" }
            stages:
              - name: lint
                triggers: { any_of: [ { message_type: STATUS } ] }
                actions_on_start: [ { shell: "true" } ]
              - name: deploy
                require_approval: { prompt: "Deploy feature x?" }
                actions_on_start: [ { shell: "true" } ]
        """

    @Test func boardShowsWhatHappens() async throws {
        let script =
            "say Reading the code.\nmarker {\"type\":\"STATUS\",\"stage\":\"lint\",\"ok\":true}\nsay Lint is clean."
        try await withFleetFixture(scripts: ["agent": script], policy: Self.policy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let context = try await fleet.context()
            let reader = BoardReader(context: SiteContext(context))
            // The daemon goes through the stages in its own time.
            let asks = try await eventually(within: .seconds(40)) {
                try await !reader.read().approvals.isEmpty
            }
            #expect(asks)
            let board = try await reader.read()
            #expect(board.isWatched && board.isTrusted && board.fleet == "shop")
            let agent = try #require(board.agents.first)
            #expect(agent.snapshot.agent.place.branch == "feature/x" && agent.snapshot.pendingApprovals == 1)
            #expect(agent.lastLine == "Lint is clean.")
            let question = try #require(board.approvals.first)
            #expect(question.approval.question == "Deploy feature x?" && question.branch == "feature/x")
            #expect(question.diff?.files == 0 && question.allowsWeb)
            let run = try #require(board.runs.first)
            let lint = run.spans.filter { $0.stage == "lint" }.map(\.state)
            #expect(lint.contains(.running) && lint.last == .completed)
            #expect(run.spans.last?.stage == "deploy" && run.spans.last?.state == .waitingApproval)
            #expect(run.spans.last?.to == nil && run.explanation.count == 2)
            #expect(board.journal.contains { $0.entry.kind == .approvalAsked && $0.branch == "feature/x" })
            let isTold = try await eventually(within: .seconds(20)) {
                try await reader.read().notices.contains {
                    $0.notice.body == "Deploy feature x?" && $0.branch == "feature/x"
                }
            }
            #expect(isTold)
            #expect(board.policy.policy?.principles == ["Small steps"] && board.policy.problem == nil)

            try await fleet.succeed("approve", question.approval.id.rawValue)
            try fleet.write("pipelines: [{name: 1}]\n", to: ".tmuxagent/policy.yaml")
            let isDone = try await eventually(within: .seconds(30)) {
                let board = try await reader.read()
                return board.approvals.isEmpty && board.runs.first?.run.state == .completed
            }
            #expect(isDone)
            let later = try await reader.read()
            #expect(later.policy.problem?.contains("policy.yaml:1") == true)
            #expect(later.runs.first?.spans.allSatisfy { $0.to != nil } == true)
            try await fleet.succeed("down")
        }
    }

    @Test func withoutADaemonStatesAreWhatTmuxSays() async throws {
        try await withFleetFixture(scripts: ["agent": "say Ready."]) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let reader = BoardReader(context: SiteContext(try await fleet.context()))
            #expect(try await reader.read().agents.first?.snapshot.state != .gone)
            try await fleet.tmux("kill-server")
            let board = try await reader.read()
            #expect(!board.isWatched && board.agents.first?.snapshot.state == .gone)
        }
    }
}

/// What rows of the journal become, without a fleet.
struct BoardHistoryTests {
    static let now = SampleBoard.now
    static func turn(_ id: Int64, _ state: AgentState, ago seconds: Int) -> JournalEntry {
        JournalEntry(
            id: id, at: now.advanced(by: .seconds(-seconds)),
            draft: JournalDraft(
                subject: .agent(AgentID("agent-1")), kind: .agentState, source: "daemon",
                payload: ["state": .string(state.rawValue)]))
    }

    @Test func statesOfTheLastHourFollowOneAnother() {
        var history = BoardHistory(after: 0)
        history.add([
            Self.turn(1, .idle, ago: 9000), Self.turn(2, .working, ago: 5000),
            Self.turn(3, .waiting, ago: 600),
        ])
        history.forget(runsExcept: [], now: Self.now)
        let spans = history.states(of: SampleBoard.agent(state: .waiting).snapshot, now: Self.now)
        #expect(spans.map(\.state) == [.working, .waiting])
        #expect(spans[0].to == spans[1].from && spans[1].to == nil)
    }

    @Test func memoryIsBounded() {
        var history = BoardHistory(after: 0)
        for start in stride(from: Int64(0), to: 5000, by: 500) {
            history.add(
                (start..<start + 500).map { Self.turn($0 + 1, $0 % 2 == 0 ? .idle : .working, ago: 10) })
            history.forget(runsExcept: [], now: Self.now)
        }
        #expect(history.tail.count == BoardReader.journalRows && history.last == 5000)
        let spans = history.states(of: SampleBoard.agent().snapshot, now: Self.now)
        #expect(spans.count <= BoardHistory.mostTurns + 1)
    }

    @Test(arguments: [
        (
            [
                "● All tests pass.", "", "╭──────────────╮", "│ >            │", "╰──────────────╯",
                "  ? for shortcuts",
            ], "● All tests pass."
        ),
        (["a", "Listing done.", "$ "], "Listing done."), (["", "", ""], nil),
        (["──────────────", "> "], nil),
        (["evil \u{1b}[31m text"], "evil \\e[31m text"),
        (
            [
                "$ make lint",
                #"### SENTRY {"type":"STATUS","stage":"lint","ok":true,"summary":"0 problems"}"#, "",
            ],
            "✓ lint: 0 problems"
        ),
        (
            [
                #"● SENTRY {"type":"ASK","stage":"release","question":"Is it good enough"#, #"  to ship?"}"#,
                "> ",
            ],
            "? release: Is it good enough to ship?"
        ),
        ([#"### SENTRY {"type":"STATUS","stage":"test","ok":false}"#], "✗ test"),
        ([#"### SENTRY {"type":"TEST","failed":2,"suite":"unit"}"#], "TEST failed: 2, suite: unit"),
        ([#"### SENTRY {"type":"ERROR","detail":"disk full"}"#, "$ df"], "$ df"),
        (["### SENTRY {\"type\": broken"], "### SENTRY {\"type\": broken"),
    ])
    func lastLineIsWhatWasSaid(rows: [String], expected: String?) {
        #expect(LastLine.choose(rows, columns: 70) == expected)
    }
}
