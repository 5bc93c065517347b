import Core
import Foundation
import Store
import Testing

@testable import Web

struct PageRendererTests {
    let renderer: PageRenderer
    let viewer = Viewer(language: .english, mayChange: true)

    init() throws { renderer = try PageRenderer() }

    /// Texts that would do something if anybody took them for markup.
    static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
        "\"\u{301} onmouseover=alert(1) x=\"\u{301}", "<\u{301}script>alert(1)</script>",
        "{{fleet}}{{{t.help}}}",
        "&lt;script&gt;", "a\u{202e}gpj.exe\u{2066}", "zero\u{200b}width\u{feff}", "\u{0}\u{1b}[31mred\u{7}",
        "</title><script>", "javascript:alert(1)", "--><script>", "]]>", "𝕳\u{e0041}",
    ]

    @Test(arguments: hostile)
    func textFromOutsideIsNeverMarkup(text: String) {
        let agent = SampleBoard.agent(branch: text, task: text, template: text, lastLine: text)
        let board = SampleBoard.board(
            agents: [agent], approvals: [SampleBoard.approval(text)],
            tasks: [
                SampleBoard.task(text, title: text, blockedBy: text),
                SampleBoard.task("b", title: text, after: [text]),
            ])
        var pages = Array(renderer.parts(of: board, .english).values)
        pages += [renderer.dashboard(board, viewer), renderer.portal(board, viewer)]
        pages.append(
            renderer.approval(
                .asks(SampleBoard.approval(text), approvePath: "/a/x/approve", rejectPath: "/a/x/reject"),
                .chinese))
        pages.append(renderer.login(.english, next: text, refusal: .wrongToken))
        for page in pages { #expect(Markup.problem(in: page) == nil, "\(page.prefix(80).debugDescription)") }
    }

    @Test func marksDoNotHideQuotes() {
        // Compared as characters, a quote with an accent is no quote.
        #expect(HTMLText.escaped("\"\u{301}<\u{301}>'&") == "&quot;\u{301}&lt;\u{301}&gt;&#39;&amp;")
    }

    @Test func tasksSayWhyTheyDoNotGoOn() throws {
        var untitled = SampleBoard.task("feature/c", title: "feature/c")
        untitled.task.task.task = "Write the schema\nand then the rest"
        let board = SampleBoard.board(tasks: [
            SampleBoard.task("feature/a", title: "Add a login"),
            SampleBoard.task("feature/b", title: "Test it", status: "blocked", blockedBy: "feature/a"),
            untitled,
        ])
        let english = try #require(renderer.parts(of: board, .english)["tasks"])
        for text in ["Add a login", "running", "because of feature/a", "waits for your word: 1", "blocked"] {
            #expect(english.contains(text), "\(text)")
        }
        #expect(english.contains("<bdi>Write the schema</bdi>"))
        let chinese = try #require(renderer.parts(of: board, .chinese)["tasks"])
        #expect(chinese.contains("因为 feature/a") && chinese.contains("受阻"))
        #expect(!chinese.contains("还没有任务"))
    }

    @Test func tasksThatWaitForOthersAreDrawn() throws {
        var board = SampleBoard.board(tasks: [
            SampleBoard.task("feature/a", title: "Add a login", status: "done"),
            SampleBoard.task("feature/b", title: "make test", status: "blocked", after: ["feature/a"]),
        ])
        let part = try #require(renderer.parts(of: board, .english)["tasks"])
        // The second column, half a box down, from the end of the first.
        #expect(part.contains("<path class=\"edge\" d=\"M202 24C228 24 228 24 254 24\"/>"), "\(part)")
        #expect(part.contains("<g class=\"g-blocked\"><title>feature/b: make test</title>"))
        #expect(part.contains("<span class=\"q-state\">waits for your word</span> <code>make test</code>"))
        #expect(part.contains("Nobody runs these tasks"))
        board.orchestratorBeat = SampleBoard.now
        let beat = try #require(renderer.parts(of: board, .english)["beat"])
        #expect(beat.contains("last turn") && beat.contains(SampleBoard.now.iso8601))
        board.tasks.append(
            SampleBoard.task("feature/c", title: "c", after: ["feature/a", "feature/b"]))
        // Past the box of feature/b, below the first row.
        let past = try #require(renderer.parts(of: board, .english)["tasks"])
        #expect(past.contains("d=\"M202 24C228 24 228 53 254 53H454C480 53 480 24 506 24\""), "\(past)")
        board.isOrchestrated = true
        #expect(try #require(renderer.parts(of: board, .english)["tasks"]).contains("Nobody") == false)
        let alone = SampleBoard.board(tasks: [SampleBoard.task("feature/a", title: "Add a login")])
        #expect(renderer.parts(of: alone, .english)["tasks"]?.contains("class=\"graph\"") == false)
    }

    @Test func whatStagesWaitForAndWhyPeopleAreToldIsInThePagesLanguage() throws {
        let stages = ["lint", "ship"].map { StageRun(name: $0, state: .running, since: SampleBoard.now) }
        var board = SampleBoard.board()
        board.runs = [SampleBoard.run(stages, state: .running, spans: [], ended: nil)]
        let either = Condition.any(
            ["a", "b"].map { .test(.signal($0), at: PolicyPosition(line: 1, column: 1)) })
        board.runs[0].explanation = [
            [.success(either, seen: ["signal x"]), .actionsAlone], [.behind("lint")],
        ]
        let approval = SampleBoard.approval("Deploy?").approval
        board.notices = [
            BoardNotice(
                id: "1", at: SampleBoard.now, notice: Notice(title: "Approval needed", body: "Deploy?"),
                branch: nil),
            BoardNotice(
                id: "2", at: SampleBoard.now, notice: Notice(title: "Of a policy", body: ""), branch: nil),
        ]
        board.notices[0].question = (.asked, approval)
        func part(_ name: String, _ language: PageLanguage) throws -> String {
            try #require(renderer.parts(of: board, language)[name])
        }
        let run = "run-\(board.runs[0].id)"
        #expect(try part(run, .chinese).contains("成功条件：signal a 或 signal b（已出现：signal x）；动作完成即成功"))
        #expect(try part(run, .chinese).contains("等待阶段“lint”完成"))
        let english = board.runs[0].explanation[0].map(\.words).joined(separator: "; ")
        #expect(try part(run, .english).contains(english), "the page and the command say the same")
        let title = "“\(approval.pipeline)”的阶段“\(approval.stage)”"
        #expect(try part("notices", .chinese).contains("需要批准：\(title)"))
        #expect(try part("notices", .chinese).contains("Of a policy"))
    }

    @Test func everyPartIsOneElementWithItsName() throws {
        let agents = (1...3).map { SampleBoard.agent($0) }
        let board = SampleBoard.board(agents: agents, approvals: [SampleBoard.approval("Deploy?")])
        let parts = renderer.parts(of: board, .english)
        #expect(
            Set(parts.keys).isSuperset(of: ["agents", "approvals", "agent-agent-1", "counts", "journal"]))
        for (name, html) in parts {
            let first = try #require(
                html.firstMatch(of: /^<[a-z]+ [^>]*>/)?.output, "\(name): \(html.prefix(80))")
            #expect(first.contains("id=\"\(name)\""), "\(name)")
        }
        #expect(parts["agents"]?.contains("<li id=\"agent-agent-2\" data-part=\"\"></li>") == true)
    }

    @Test func changeOfOneAgentChangesItsOwnPartOnly() {
        var agents = (1...50).map { SampleBoard.agent($0, branch: "feature/\($0)") }
        let before = renderer.parts(of: SampleBoard.board(agents: agents), .english)
        agents[6] = SampleBoard.agent(7, branch: "feature/7", lastLine: "All tests pass.")
        let after = renderer.parts(of: SampleBoard.board(agents: agents), .english)
        #expect(after.filter { before[$0.key] != $0.value }.keys.sorted() == ["agent-agent-7"])
    }

    @Test func policySaysWhenEachStageBeginsAndWhatItDoes() throws {
        let shell = StageAction.shell(command: "make test", timeout: .seconds(60))
        var board = SampleBoard.board()
        board.policy.policy = Policy(pipelines: [
            Pipeline(
                name: "ci", match: .entry(.init(branch: "feature/*", template: "qa")),
                stages: [Stage(name: "lint"), Stage(name: "test", actionsOnStart: [shell])])
        ])
        let part = try #require(renderer.parts(of: board, .english)["policy"])
        #expect(part.contains("branch: feature/*, template: qa"))
        let rules = part.matches(of: /<dt>([^<]*)<\/dt><dd><code>([^<]*)</).map { "\($0.1) \($0.2)" }
        #expect(rules == ["starts at once", "starts after lint", "does shell &#39;make test&#39;"])
    }

    @Test func pageHoldsWhatIsSeenFirstAndTheRestComesWithTheFirstEvent() {
        var board = SampleBoard.board(agents: [SampleBoard.agent()])
        board.runs = [SampleBoard.run([], state: .running, spans: [], ended: nil)]
        let page = renderer.dashboard(board, viewer)
        #expect(page.contains("id=\"agent-agent-1\"") && page.contains("id=\"runs\""))
        #expect(!page.contains("id=\"run-run-1\""))
        #expect(renderer.parts(of: board, .english)["run-run-1"] != nil)
        for name in PageRenderer.lists where name != "picker" {
            #expect(page.contains("id=\"\(name)\""), "an event has no place for \(name)")
        }
    }

    @Test(arguments: [
        ("sh", false), ("claude --model sonnet", true), ("my-agent -m \"$AI_AGENT_MODEL\"", true),
    ])
    func modelIsShownWhereTheCommandTakesIt(command: String, isShown: Bool) throws {
        let board = SampleBoard.board(agents: [SampleBoard.agent(command: command)])
        let row = try #require(renderer.parts(of: board, .english)["agent-agent-1"])
        #expect(row.contains("sonnet") == isShown)
    }

    @Test func timeAloneChangesNothing() {
        var board = SampleBoard.board(
            agents: [SampleBoard.agent()], approvals: [SampleBoard.approval("Deploy?")])
        board.at = Timestamp(milliseconds: board.at.milliseconds / 120_000 * 120_000)
        let before = renderer.parts(of: board, .english)
        board.at = board.at.advanced(by: .seconds(100))
        #expect(renderer.parts(of: board, .english) == before)
    }

    @Test func pagesLoadNothingFromElsewhere() {
        let board = SampleBoard.board(agents: [SampleBoard.agent()])
        for page in [
            renderer.dashboard(board, viewer), renderer.portal(board, viewer), renderer.login(.english),
        ] {
            for match in page.matches(of: /(?:src|href|action|formaction)="([^"]*)"/) {
                let address = String(match.1)
                #expect(address.hasPrefix("/") || address.hasPrefix("#"), "\(address)")
                if address.hasPrefix("/assets/") || address.hasSuffix(".webmanifest") {
                    #expect(PageAssets.asset(address) != nil, "\(address) is not there")
                }
            }
            #expect(!page.contains(" style="))
            #expect(!page.contains(/<script(?![^>]*src=)/))
        }
    }

    @Test func whoIsNotLoggedInSeesTheWayIn() {
        let board = SampleBoard.board(agents: [SampleBoard.agent()])
        let page = renderer.dashboard(board, Viewer(language: .english, mayChange: false))
        #expect(page.contains("href=\"/login\"") && page.contains("inert"))
        #expect(!renderer.dashboard(board, viewer).contains("href=\"/login\""))
    }

    @Test func questionThatThePolicyKeepsFromThePageHasNoButtons() {
        let board = SampleBoard.board(approvals: [SampleBoard.approval("Deploy?", channels: ["cli"])])
        let part = renderer.parts(of: board, .english)["approvals"] ?? ""
        #expect(part.contains("Deploy?") && part.contains("cli") && !part.contains("<button"))
    }

    @Test func timelineShowsEachWhileAndEachAttempt() throws {
        let begin = SampleBoard.now.advanced(by: .seconds(-100))
        func at(_ seconds: Int) -> Timestamp { begin.advanced(by: .seconds(seconds)) }
        let run = SampleBoard.run(
            [StageRun(name: "lint", state: .completed, attempt: 2, since: at(80))], state: .completed,
            spans: [
                StageSpan(stage: "lint", state: .waitingApproval, attempt: 1, from: at(0), to: at(20)),
                StageSpan(stage: "lint", state: .running, attempt: 1, from: at(20), to: at(50)),
                StageSpan(stage: "lint", state: .waitingTrigger, attempt: 1, from: at(50), to: at(55)),
                StageSpan(stage: "lint", state: .running, attempt: 2, from: at(55), to: at(100)),
                StageSpan(stage: "lint", state: .completed, attempt: 2, from: at(100), to: at(100)),
            ], ended: at(100))
        var board = SampleBoard.board()
        board.runs = [run]
        let html = try #require(renderer.parts(of: board, .english)["run-run-1"])
        let bars = html.matches(of: /class="bar b-([a-z_]+)" x="([0-9.]+)" y="2" width="([0-9.]+)"/)
            .map { "\($0.1) \($0.2) \($0.3)" }
        #expect(
            bars == [
                "waiting_approval 0 200", "running 200 300", "waiting_trigger 500 50", "running 550 450",
                "completed 994 6",
            ])
        #expect(html.contains("class=\"again\" x=\"550\"") && html.contains("×2") && html.contains("1m 40s"))
    }

    @Test func linkSaysWhatBecameOfTheQuestion() {
        var question = SampleBoard.approval("Deploy?")
        question.approval.state = .approved
        question.approval.answer = ApprovalAnswer(
            decision: .approve, by: "ana <b>", through: "cli", at: SampleBoard.now)
        let page = renderer.approval(.settled(question), .english)
        #expect(page.contains("Approved by ana &lt;b&gt;.") && !page.contains("<form"))
        #expect(renderer.approval(.invalid, .chinese).contains("此链接无效或已失效"))
    }
}

/// A strict reader of the HTML that the pages write: whatever it does not expect is a problem.
enum Markup {
    static func problem(in html: String) -> String? {
        let scalars = Array(html.unicodeScalars)
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "<" else {
                if scalars[index] == ">" { return "a bare >" }
                if scalars[index].isDeceptive, scalars[index] != "\n" {
                    return "a raw \(scalars[index].value)"
                }
                index += 1
                continue
            }
            guard let end = scalars[index...].firstIndex(of: ">") else { return "an open tag" }
            let tag = String(String.UnicodeScalarView(scalars[index...end]))
            let shape =
                /<(?:!doctype html|\/?[a-z][a-z0-9]*(?:\s+[a-zA-Z][a-zA-Z-]*(?:="[^"<>]*")?)*\s*\/?)>/
            if tag.wholeMatch(of: shape) == nil { return tag }
            // Inside quotes everything is a value.
            let bare = tag.replacing(/"[^"]*"/, with: "")
            if bare.contains(/\son[a-z]+=/) || tag.hasPrefix("<script") && !tag.contains("src=\"/assets/") {
                return tag
            }
            index = end + 1
        }
        return nil
    }
}
