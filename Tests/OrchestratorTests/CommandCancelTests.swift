import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Single commands have an address, and are cancelled by it.
@Suite(.timeLimit(.minutes(2)))
struct CommandCancelTests {
    static let plan = """
        poll_interval = 1
        cooldown_seconds = 0
        session_cooldown_seconds = 0
        max_commands_per_cycle = 9
        [decider]
        command = ["sh", "-c", "cat > /dev/null; echo x >> $HOME/calls; if [ $(wc -l < $HOME/calls) = 1 ]; then cat $HOME/decision; else echo '{}'; fi"]
        [[tasks]]
        branch = "a"

        """

    static let decision = #"""
        {"commands": [
          {"text": "touch $HOME/begun; sleep 600"},
          {"text": "touch $HOME/unwanted"},
          {"text": "git tag risky", "risk_level": "high"},
          {"text": "tmux-agent emit STATUS --phase done"}]}
        """#

    @Test func oneThatIsCancelledWhileNobodyOrchestratesNeverBegins() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan(
                Self.plan.replacing("session_cooldown_seconds = 0", with: "session_cooldown_seconds = 3600"))
            let user = fleet.folder.appending("user")
            try Files.write(
                #"{"commands": ["touch $HOME/one", "touch $HOME/two"]}"#, to: user.appending("decision"))
            // Its agent begins in the first pass at the latest; a decision may come in the next.
            var queue: [String] = []
            let isQueued = try await eventually(within: .seconds(40)) {
                try await fleet.succeed("orchestrate", "--once")
                let open = try await fleet.run("tasks", "commands", "--json").json
                queue = open.words("commands", "id")
                return Files.exists(user.appending("one")) && open.words("commands", "state") == ["queued"]
            }
            let said = try await fleet.said()
            try #require(isQueued, "\(queue) \(said)")
            let asked = try await fleet.run("tasks", "cancel", "--command", try #require(queue.first))
            #expect(asked.stderr.contains("Nobody runs the tasks"), "\(asked)")
            try fleet.write(Self.plan, to: ".tmuxagent/orchestrator.toml")
            try await fleet.succeed("orchestrate", "--once")
            let ended = try await fleet.run("tasks", "commands", "--all", "--json").json
            #expect(ended.words("commands", "state") == ["done", "cancelled"], "\(ended)")
            #expect(!Files.exists(user.appending("two")))
        }
    }

    @Test func oneThatWaitsIsDroppedAndOneThatRunsIsInterrupted() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan(Self.plan)
            let user = fleet.folder.appending("user")
            try Files.write(Self.decision, to: user.appending("decision"))
            try await fleet.succeed("up")
            let isBegun = try await eventually(within: .seconds(40)) { Files.exists(user.appending("begun")) }
            var said = try await fleet.said()
            try #require(isBegun, "\(said)")
            let listed = try await fleet.run("tasks", "commands", "--json").json
            #expect(listed.words("commands", "state") == ["running", "queued", "confirming", "queued"])
            let ids = listed.words("commands", "id")
            try #require(ids.count == 4)
            let wrong = try await fleet.run("tasks", "cancel", "--command", ids[0] + "0")
            #expect(wrong.status == 1 && wrong.stderr.contains("Did you mean '\(ids[0])'?"), "\(wrong)")
            try await fleet.succeed(
                "tasks", "cancel", "--command", ids[1], "--command", ids[2], "--command", ids[0])
            let isDone = try await eventually(within: .seconds(40)) {
                try await fleet.run("tasks", "--json").json.words("tasks", "state") == ["done"]
            }
            said = try await fleet.said()
            try #require(isDone, "\(said)")
            let ended = try await fleet.run("tasks", "commands", "a", "--all", "--json").json
            #expect(ended.words("commands", "state").prefix(3) == ["cancelled", "cancelled", "cancelled"])
            #expect(ended.words("commands", "detail").contains("cancelled by cli"))
            #expect(!Files.exists(user.appending("unwanted")))
            #expect(try await fleet.run("approvals", "--json").json["approvals"] == [])
            let late = try await fleet.run("tasks", "cancel", "--command", ids[1])
            #expect(late.status == 1 && late.stderr.contains("has ended already (cancelled)"), "\(late)")
            let again = try await fleet.run("replay", "--run", "--json").json
            #expect(again["differences"] == [])
            #expect(try await fleet.run("tasks", "cancel").status == 64)
            #expect(try await fleet.run("tasks", "cancel", "a", "--command", "x").status == 64)
        }
    }
}
