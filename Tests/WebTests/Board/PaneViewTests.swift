import Core
import Fleet
import TestSupport
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2)))
struct PaneViewTests {
    @Test func paneIsReadAsItGrows() async throws {
        let script =
            "run printf '\\033[32mgreen\\033[0m <b>\\n'\nexpect go\nrepeat 300 say line %d\nsay the end"
        try await withFleetFixture(scripts: ["agent": script]) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let views = PaneViews(context: SiteContext(try await fleet.context()))
            // The agent prints in its own time.
            var first: PaneUpdate?
            let isShown = try await eventually(within: .seconds(20)) {
                if let update = try await views.update(of: "feature/x") { first = update }
                return first?.screen.contains("<span class=\"f2\">green</span> &lt;b&gt;") == true
            }
            #expect(isShown)
            let start = try #require(first)
            #expect(start.isReset && start.branch == "feature/x" && start.columns == 200)
            #expect(try await views.update(of: start.agent.rawValue, after: start.place) == nil)

            try await fleet.succeed("send", "feature/x", "go")
            var place = start.place
            var lines: [String] = []
            var last: PaneUpdate?
            let isOver = try await eventually(within: .seconds(20)) {
                guard let update = try await views.update(of: start.pane, after: place) else { return false }
                if update.isReset { lines = [] }
                lines += update.history
                place = update.place
                last = update
                return update.screen.contains("the end")
            }
            #expect(isOver)
            let shown = (lines + (last?.screen ?? [])).filter { $0.hasPrefix("line ") }
            #expect(shown == (1...300).map { "line \($0)" })
            // Somebody who comes later gets the same.
            let other = try #require(try await views.update(of: "feature/x"))
            #expect(other.isReset && (other.history + other.screen).filter { $0.hasPrefix("line ") } == shown)
            #expect(try await views.text(of: "feature/x")?.contains("line 1\n") == true)
            #expect(try await views.update(of: "%9999") == nil)
        }
    }

    @Test func onlyAFewPanesAreKept() async throws {
        try await withFleetFixture(scripts: ["agent": "say Ready."]) { fleet in
            for number in 1...3 { try await fleet.succeed("spawn", "feature/\(number)") }
            let views = PaneViews(context: SiteContext(try await fleet.context()), most: 2)
            var places: [Int: PanePlace] = [:]
            for number in 1...3 {
                let isThere = try await eventually(within: .seconds(20)) {
                    places[number] = try await views.update(of: "feature/\(number)")?.place
                    return places[number] != nil
                }
                #expect(isThere)
            }
            #expect(await views.openCount == 2)
            // The first was let go: it is read anew, and its reader is told.
            #expect(try await views.update(of: "feature/1", after: places[1])?.isReset == true)
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct PaneSummaryTests {
    @Test(
        arguments: [
            ("It builds.\n", "It builds.\n", nil),
            ("{\"result\":\"Fine\",\"total_cost_usd\":0.0123}", "Fine", "$0.012"),
            ("{\"summary\":\"A\\u001b[31m\",\"cost\":\"3 cents\"}", "A\\e[31m", "3 cents"),
            ("{\"text\":\"Free\",\"total_cost_usd\":0}", "Free", "$0.000"),
            ("{\"text\":\"Odd\",\"total_cost_usd\":1e300}", "Odd", nil),
            ("{\"text\":\"Odd\",\"cost_usd\":-1}", "Odd", nil), ("[1]", "[1]", nil),
        ] as [(String, String, String?)])
    func answersAreRead(output: String, text: String, cost: String?) {
        #expect(PaneSummarizer.read(output) == PaneSummary(text: text, cost: cost))
    }

    @Test func commandGetsThePanesText() async throws {
        let more = "[summary]\ncommand = \"tr a-z A-Z | grep -v '^$' | head -1\"\n"
        try await withFleetFixture(scripts: ["agent": "say all is well"], more: more) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let context = try await fleet.context()
            let summarizer = PaneSummarizer(
                context: SiteContext(context), panes: PaneViews(context: SiteContext(context)))
            var text = ""
            // The agent prints in its own time.
            let isSummed = try await eventually(within: .seconds(20)) {
                text = (try? await summarizer.summarize("feature/x").text) ?? ""
                return text == "ALL IS WELL\n"
            }
            #expect(isSummed, "\(text)")
            await #expect(throws: PaneSummaryError.nothingPrinted("feature/y")) {
                try await summarizer.summarize("feature/y")
            }
        }
    }
}
