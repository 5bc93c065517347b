import Core
import Glibc
import HTTPKit
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// The numbers of the orchestrator as a scraper gets them.
@Suite(.timeLimit(.minutes(2)))
struct MetricsServerTests {
    static let plan = """
        poll_interval = 1
        cooldown_seconds = 0
        session_cooldown_seconds = 0
        metrics_port = 0
        [decider]
        command = ["sh", ".tmuxagent/decider.sh"]
        [[tasks]]
        branch = "a"
        [[tasks]]
        branch = "b"
        [[tasks]]
        branch = "c"
        depends_on = ["a"]

        """

    /// Two commands for `a`, of which a person is asked about the second; nonsense for `b`.
    static let decider = #"""
        if grep -q 'on the branch a\.'; then
            echo '{"commands": [{"text": "true"}, {"text": "git tag risky", "risk_level": "high"}]}'
        else
            echo nonsense
        fi

        """#

    static let counted = [
        #"orchestrator_commands_total{result="done"} 1"#,
        #"orchestrator_command_success_total{branch="a"} 1"#,
        #"orchestrator_decision_errors_total{branch="b"} "#,
        #"orchestrator_json_parse_failures_total{branch="b",kind="no_json"} "#,
        #"orchestrator_queue_size{branch="a"} 0"#,
        #"orchestrator_pending_confirmation_total{branch="a"} 1"#,
        #"tmux_agent_tasks{status="running"} 2"#, #"tmux_agent_tasks{status="waiting"} 1"#,
        "tmux_agent_orchestrated 1",
    ]

    @Test func numbersOfAProcessOfItsOwnAreThoseOfEveryOther() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan(Self.plan)
            try fleet.write(Self.decider, to: ".tmuxagent/decider.sh")
            try await fleet.git.git("add", "-f", ".tmuxagent/decider.sh")
            try await fleet.git.git("commit", "-qm", "decider")
            try await fleet.succeed("trust")

            let log = fleet.folder.appending("orchestrate.log")
            let begun = try await fleet.shell(
                "\"$1\" orchestrate --metrics-port 0 >/dev/null 2>\(log) & echo $!")
            let pid = try #require(Int32(begun.stdout.split(separator: "\n").first ?? ""))
            var address: String?
            let isServed = try await eventually(within: .seconds(20)) {
                address = (try Files.readText(log) ?? "").split(whereSeparator: \.isWhitespace).map(
                    String.init
                )
                .last { $0.hasSuffix("/metrics") }
                return address != nil
            }
            let said = try await fleet.said()
            try #require(isServed, "\(said)")
            try await expect(Self.counted, at: try #require(address), fleet)

            kill(pid, SIGTERM)
            let isOver = try await eventually(within: .seconds(20)) { kill(pid, 0) != 0 }
            #expect(isOver)
            try await fleet.succeed("up")
            var own: String?
            let isServedAgain = try await eventually(within: .seconds(20)) {
                own = try served(fleet)
                return own != nil
            }
            #expect(isServedAgain)
            try await expect(Self.counted, at: "\(own ?? "")/metrics", fleet)
            let status = try await fleet.run("status", "--json").json
            let dashboard = try #require(status["dashboard"]?.string)
            try await expect(Self.counted, at: "\(dashboard)/metrics", fleet)
            try await moveAndEnd(fleet)
            try await fleet.succeed("down")
        }
    }

    /// An edit of the place is taken up while the daemon runs.
    private func moveAndEnd(_ fleet: FleetFixture) async throws {
        func edit(_ place: String) throws {
            try fleet.write(
                Self.plan.replacing("metrics_port = 0", with: place), to: ".tmuxagent/orchestrator.toml")
        }
        try edit("metrics_port = 0\nmetrics_host = \"localhost\"")
        var moved: String?
        let isMoved = try await eventually(within: .seconds(20)) {
            moved = try served(fleet)
            return moved?.hasPrefix("http://localhost:") == true
        }
        let said = try await fleet.said()
        try #require(isMoved, "\(moved ?? "nowhere") \(said)")
        try await expect(["tmux_agent_orchestrated 1"], at: "\(moved ?? "")/metrics", fleet)
        try edit("")
        let isEnded = try await eventually(within: .seconds(20)) { try served(fleet) == nil }
        #expect(isEnded)
    }

    @Test func aPlaceThatCannotBeServedIsSaidBeforeAnythingRuns() async throws {
        try await withFleetFixture { fleet in
            try await fleet.succeed("tasks", "add", "a")
            let open = try await fleet.run("orchestrate", "--metrics-host", "0.0.0.0", "--metrics-port", "0")
            #expect(open.status == 78 && open.stderr.contains("needs a token"), "\(open)")
            let wrong = try await fleet.run("orchestrate", "--metrics-port", "70000")
            #expect(wrong.status == 64 && wrong.stderr.contains("is no port"), "\(wrong)")
            #expect(try await fleet.run("sessions", "--json").json["agents"] == [])
            try await fleet.succeed("tasks", "hold", "a")
            let server = try LoopbackServer { _ in .hang }
            defer { server.stop() }
            let taken = try await fleet.run("orchestrate", "--metrics-port", "\(server.port)")
            #expect(taken.status == 1 && taken.stderr.contains("is taken by another program"), "\(taken)")
        }
    }

    /// Every line, or a line that begins so, comes.
    private func expect(_ lines: [String], at address: String, _ fleet: FleetFixture) async throws {
        let client = HTTPClient(label: "test")
        var page = ""
        let isThere = try await eventually(within: .seconds(40)) {
            page = try await client.send(
                HTTPRequest(method: "GET", url: address, headers: [], body: nil, timeout: .seconds(20))
            ).text
            return lines.allSatisfy { page.contains("\n\($0)") }
        }
        let said = try await fleet.said()
        #expect(isThere, "missing: \(lines.filter { !page.contains("\n\($0)") }) \(said)")
        #expect(!page.contains("orchestrator_decision_latency_seconds_count 0\n"))
        #expect(!page.contains("tmux_agent_orchestrator_heartbeats_total 0\n"))
    }

    /// Where the daemon serves numbers alone.
    private func served(_ fleet: FleetFixture) throws -> String? {
        let run = fleet.home.appending("run")
        for name in Files.names(in: run) {
            let text = try Files.readText(run.appending(name).appending("metrics.address"))
            if let text { return try JSONValue.parse(text)["url"]?.string }
        }
        return nil
    }
}
