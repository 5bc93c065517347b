import Core
import Fleet
import Foundation
import HTTPKit
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2)))
struct MetricTests {
    @Test func textsOfOthersStayInsideTheirQuotes() {
        var text = MetricText()
        let family = MetricFamily("x_total", .counter, "A line\nand a \\", hasLabels: true)
        text.add(
            family,
            [
                MetricSample(2, ["b": "a\"b\\c\nd", "a": "é"]), MetricSample(0.5, ["b": ""]),
                MetricSample(.infinity), MetricSample(1e20),
            ])
        #expect(
            text.text == """
                # HELP x_total A line\\nand a \\\\
                # TYPE x_total counter
                x_total +Inf
                x_total 1e+20
                x_total{a="é",b="a\\"b\\\\c\\nd"} 2
                x_total{b=""} 0.5

                """)
    }

    @Test func familiesAreThereBeforeTheyHaveNumbers() {
        var text = MetricText()
        text.add(MetricFamily("plain", .gauge, "G"), [])
        text.add(MetricFamily("labelled", .counter, "C", hasLabels: true), [])
        text.add(MetricFamily("times", .histogram, "H", bounds: HistogramBounds([1, 2.5])), stored: [])
        #expect(
            text.text == """
                # HELP plain G
                # TYPE plain gauge
                plain 0
                # HELP labelled C
                # TYPE labelled counter
                # HELP times H
                # TYPE times histogram
                times_bucket{le="1"} 0
                times_bucket{le="2.5"} 0
                times_bucket{le="+Inf"} 0
                times_sum 0
                times_count 0

                """)
    }

    @Test func observationsAddUpToAHistogram() async throws {
        let fleet = try Store.inMemory().fleet(FleetID("f"))
        try await fleet.register(
            FleetRegistration(id: fleet.fleet, name: "f", path: "/f"), at: Timestamp(milliseconds: 0))
        let bounds = HistogramBounds([1, 10])
        for value in [0.5, 1, 4, 400] {
            try await fleet.increment(
                CounterIncrement.observation("t", value, in: bounds, labels: ["stage": "a"]))
        }
        var text = MetricText()
        text.add(
            MetricFamily("t", .histogram, "H", bounds: bounds, hasLabels: true),
            stored: try await fleet.counters())
        #expect(
            text.text.split(separator: "\n").dropFirst(2).map(String.init) == [
                "t_bucket{le=\"1\",stage=\"a\"} 2", "t_bucket{le=\"10\",stage=\"a\"} 3",
                "t_bucket{le=\"+Inf\",stage=\"a\"} 4", "t_sum{stage=\"a\"} 405.5", "t_count{stage=\"a\"} 4",
            ])
    }

    @Test func bucketsOfAnOlderVersionAreNotLost() async throws {
        let fleet = try Store.inMemory().fleet(FleetID("f"))
        try await fleet.register(
            FleetRegistration(id: fleet.fleet, name: "f", path: "/f"), at: Timestamp(milliseconds: 0))
        for value in [2.0, 2, 400] {
            try await fleet.increment(
                CounterIncrement.observation("t", value, in: HistogramBounds([3])))
        }
        var text = MetricText()
        text.add(
            MetricFamily("t", .histogram, "H", bounds: HistogramBounds([1, 10])),
            stored: try await fleet.counters())
        #expect(text.text.contains("le=\"1\"} 0") && text.text.contains("le=\"10\"} 2"))
        #expect(text.text.contains("le=\"+Inf\"} 3"))
    }

    /// Whatever the program counts has its name and its help in the catalogue.
    @Test func everyCounterOfTheSourcesIsInTheCatalogue() throws {
        let known = Set(MetricCatalogue.all.map(\.name))
        let sources = projectFolder.appending("Sources").string
        var found: Set<String> = []
        for case let path as String in FileManager.default.enumerator(atPath: sources) ?? .init()
        where path.hasSuffix(".swift") {
            let text = try String(contentsOfFile: "\(sources)/\(path)", encoding: .utf8)
            for match in text.matches(of: /"(tmux_agent_[a-z_]+)"/) where !match.1.hasSuffix("_refs") {
                found.insert(String(match.1))
            }
        }
        #expect(found.count > 10)
        #expect(found.subtracting(known).isEmpty)
        #expect(known.count == MetricCatalogue.all.count, "no name twice")
    }

    @Test func pageHasEveryFamilyAndTheFleetsOwnNumbers() async throws {
        try await withSite { site in
            try await site.addAgent()
            try await site.ask()
            site.clock.advance(by: .seconds(90))
            let answer = try await site.get("/metrics")
            #expect(answer.headers["content-type"] == MetricText.mediaType)
            let lines = answer.text.split(separator: "\n").map(String.init)
            for family in MetricCatalogue.all {
                #expect(lines.contains("# TYPE \(family.name) \(family.kind.rawValue)"), "\(family.name)")
            }
            #expect(lines.contains("tmux_agent_agents{state=\"starting\"} 1"))
            #expect(lines.contains("tmux_agent_pending_approvals 1"))
            #expect(lines.contains("tmux_agent_oldest_approval_seconds 90"))
            #expect(lines.contains("tmux_agent_watched 0"))
            let memory = lines.first { $0.hasPrefix("process_resident_memory_bytes ") }
            let bytes = memory?.split(separator: " ").last.flatMap { Double($0) } ?? 0
            #expect(bytes > 1_000_000)

            let path = "/api/approvals/ap-0000000000001"
            let answered = try await site.post(path, ["decision": "approve"], [site.bearer])
            #expect(answered.status == 200)
            let later = try await site.get("/metrics").text
            #expect(
                later.contains("tmux_agent_approval_waiting_seconds_sum{through=\"webhook\"} 90\n"),
                "\(later)")
            #expect(
                later.contains("tmux_agent_approval_waiting_seconds_bucket{le=\"300\",through=\"webhook\"} 1")
            )
            #expect(
                later.contains("tmux_agent_approval_waiting_seconds_bucket{le=\"60\",through=\"webhook\"} 0"))
        }
    }

    @Test func tasksAreCountedByBranchAndStatus() async throws {
        try await withSite { site in
            let empty = try await site.get("/metrics").text
            #expect(empty.contains("tmux_agent_orchestrated 0\n"))
            #expect(empty.contains("tmux_agent_orchestrator_heartbeats_total 0\n"))
            try await site.addTask()
            let page = try await site.get("/metrics").text
            #expect(page.contains("orchestrator_queue_size{branch=\"feature/a\"} 1\n"))
            #expect(page.contains("orchestrator_pending_confirmation_total{branch=\"feature/a\"} 0\n"))
            #expect(page.contains("tmux_agent_tasks{status=\"ready\"} 1\n"), "\(page)")
        }
    }

    @Test func aServerOfNumbersHasNothingElse() async throws {
        try await withSite(page: .metrics) { site in
            let page = try await site.get("/metrics")
            #expect(page.status == 200 && page.text.contains("tmux_agent_tasks"))
            #expect(try await site.get("/healthz").status == 200)
            for path in ["/", "/dashboard", "/api/overview", "/api/events", "/login"] {
                #expect(try await site.get(path).status == 404, "\(path)")
            }
            let order = try await site.post(
                "/api/commands", ["text": "x", "branch": "feature/a"], [site.bearer])
            #expect(order.status == 404)
        }
    }

    /// `promtool` comes with Debian's package prometheus.
    @Test(.enabled(if: MetricTests.promtool != nil)) func promtoolFindsNoFault() async throws {
        let promtool = try #require(Self.promtool)
        try await withSite { site in
            try await site.addAgent(branch: "a\"b\\c")
            try await site.ask()
            let page = try await site.get("/metrics").body
            let result = try await CommandRunner().run(
                Command(promtool, ["check", "metrics"], environment: [:], input: page, timeout: .seconds(20)))
            // Names of the Python tool end in words that promtool does not like; those are kept.
            let faults = result.errorText.split(separator: "\n").filter { !$0.hasPrefix("orchestrator_") }
            #expect(faults.isEmpty, "\(result.errorText)")
            let folder = projectFolder.appending("examples/prometheus")
            for arguments in [["check", "rules", "rules.yml"], ["test", "rules", "rules.test.yml"]] {
                let checked = try await CommandRunner().run(
                    Command(
                        promtool, arguments, environment: [:], workingDirectory: folder, timeout: .seconds(20)
                    ))
                #expect(checked.isSuccess, "\(checked.text)\(checked.errorText)")
            }
        }
    }

    static let promtool: String? = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
        Files.exists(FilePath($0))
    }
}
