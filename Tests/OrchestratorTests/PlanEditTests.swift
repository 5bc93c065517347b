import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// orchestrator.toml is edited, well and badly, while a daemon runs.
@Suite(.timeLimit(.minutes(2)))
struct PlanEditTests {
    private func task(_ branch: String) -> String { "[[tasks]]\nbranch = \"\(branch)\"\ntask = \"Do it\"\n" }

    private func statuses(_ fleet: FleetFixture) async throws -> [String: String] {
        let list = try await fleet.run("tasks", "--json").json
        return Dictionary(zip(list.words("tasks", "branch"), list.words("tasks", "status"))) { $1 }
    }

    private func waits(_ fleet: FleetFixture, for expected: [String: String]) async throws {
        var last: [String: String] = [:]
        let isSo = try await eventually(within: .seconds(20)) {
            last = try await statuses(fleet)
            return last == expected
        }
        let said = try await fleet.said()
        try #require(isSo, "\(last) \(said)")
    }

    @Test func aBrokenPlanIsSaidAndLosesNothing() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan("[[tasks]]\nbranch = \"a..b\"\n")
            // It reports before its briefing is typed, so before anybody knows that it was made.
            try fleet.write(
                "[agent]\ncommand = \"tmux-agent emit STATUS --phase done; exec sh\"\nkind = \"shell\"\n[dashboard]\nport = 0\n",
                to: ".tmuxagent/fleet.toml")
            let up = try await fleet.run("up")
            #expect(up.status == 0 && up.stderr.contains("orchestrator.toml has 1 error"), "\(up)")
            let troubles = try await fleet.run("status", "--json").json["daemon"]?["troubles"]?.array
            #expect(troubles?.first?.string?.hasPrefix("tasks: ") == true, "\(troubles ?? [])")

            try fleet.write(task("c"), to: ".tmuxagent/orchestrator.toml")
            try await waits(fleet, for: ["c": "done"])
            // What is asked while nobody runs tasks comes before anything begins.
            try await fleet.succeed("down")
            try await fleet.succeed("tasks", "add", "x", "--after", "c")
            try await fleet.succeed("tasks", "hold", "x")
            try await fleet.succeed("tasks", "add", "y", "--after", "x")
            try await fleet.succeed("up")
            try await waits(fleet, for: ["c": "done", "x": "held", "y": "waiting"])
            try fleet.write(task("renamed"), to: ".tmuxagent/orchestrator.toml")
            let isSaid = try await eventually(within: .seconds(20)) {
                try await fleet.run("status", "--json").json["daemon"]?["troubles"]?.array?.isEmpty == false
            }
            #expect(isSaid)
            for command in [["tasks"], ["tasks", "graph"]] {
                let shown = try await fleet.run(command)
                #expect(shown.stderr.contains("'x' depends on 'c'"), "\(shown)")
                #expect(shown.stdout.contains("y"), "\(shown)")
            }
            // A new process keeps what was added, too.
            try await fleet.succeed("down")
            try await fleet.succeed("up")
            let isBack = try await eventually(within: .seconds(20)) {
                try await fleet.run("tasks", "--json").json["orchestrated"] == true
            }
            #expect(isBack)
            try fleet.write(task("c"), to: ".tmuxagent/orchestrator.toml")
            try await waits(fleet, for: ["c": "done", "x": "held", "y": "waiting"])
            try await fleet.succeed("down")
        }
    }

    /// Profiles of fleet.toml and prompts beside the sources, and a task that is not wanted any more.
    @Test func whatAPlanNamesIsReadAgainToo() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan("[prompts]\ncommand = \"prompts/lead.md\"\n")
            try await fleet.succeed("up")
            func troubles() async throws -> [String] {
                try await fleet.run("status", "--json").json["daemon"]?["troubles"]?.array?.compactMap(
                    \.string)
                    ?? []
            }
            // Neither the prompt nor its folder is there yet.
            #expect(try await troubles().contains { $0.hasPrefix("tasks: ") })
            let prompts = fleet.root.appending("prompts")
            try Files.makeFolder(prompts)
            try Files.write("Lead {{branch}}\n", to: prompts.appending("lead.md"))
            let isMended = try await eventually(within: .seconds(20)) { try await troubles().isEmpty }
            #expect(isMended)

            let settings = try #require(try Files.readText(fleet.root.appending(".tmuxagent/fleet.toml")))
            // A broken edit leaves the last good one in force, and the daemon says so.
            try fleet.write(settings + "[agents.reader]\ncomand = 1\n", to: ".tmuxagent/fleet.toml")
            let isSaid = try await eventually(within: .seconds(20)) {
                try await fleet.said().contains("settings: .tmuxagent/fleet.toml has 1 error")
            }
            #expect(isSaid)
            try fleet.write(
                settings + "[agents.reader]\ncommand = \"sh\"\nkind = \"shell\"\n",
                to: ".tmuxagent/fleet.toml")
            try await fleet.succeed("tasks", "add", "a", "--agent", "reader")
            try await waits(fleet, for: ["a": "running"])
            try await fleet.succeed("tasks", "cancel", "a")
            try await waits(fleet, for: ["a": "cancelled"])
            try await fleet.succeed("tasks", "remove", "a")
            try await waits(fleet, for: [:])
            try await fleet.succeed("tasks", "add", "a", "--agent", "reader")
            try await waits(fleet, for: ["a": "running"])
            try await fleet.succeed("down")
        }
    }

    @Test func dryRunWrittenWhileTasksRunBeginsNothingMore() async throws {
        try await withFleetFixture { fleet in
            try fleet.write(task("a"), to: ".tmuxagent/orchestrator.toml")
            try await fleet.succeed("up")
            try await waits(fleet, for: ["a": "running"])
            try fleet.write("dry_run = true\n" + task("a") + task("b"), to: ".tmuxagent/orchestrator.toml")
            let isLaidDown = try await eventually(within: .seconds(20)) {
                try await fleet.run("tasks", "--json").json["orchestrated"] == false
            }
            #expect(isLaidDown)
            #expect(try await fleet.run("sessions", "--json").json.words("agents", "branch") == ["a"])
            try fleet.write(task("a") + task("b"), to: ".tmuxagent/orchestrator.toml")
            try await waits(fleet, for: ["a": "running", "b": "running"])
            try await fleet.succeed("down")
        }
    }
}
