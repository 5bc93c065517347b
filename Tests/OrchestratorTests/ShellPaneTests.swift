import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// Commands in a real shell of a real pane, as narrow as the settings let it be.
@Suite(.timeLimit(.minutes(2)))
struct ShellPaneTests {
    static let plan = """
        poll_interval = 1
        cooldown_seconds = 0
        session_cooldown_seconds = 0
        max_commands_per_cycle = 9
        command_timeout_seconds = 1
        [decider]
        command = ["sh", "-c", "cat > /dev/null; echo x >> $HOME/calls; cat $HOME/decision-$(wc -l < $HOME/calls | tr -d ' ')"]
        [[tasks]]
        branch = "a"

        """

    static let commands = #"""
        {"commands": [
          {"text": "printf '%s\n' 'one line that twenty columns do not hold' # a comment"},
          {"text": "cat <<X && false\nit's \"quoted\"\nX"},
          {"text": "echo begun; sleep 600; echo never"},
          {"text": "echo after"}]}
        """#

    @Test func aNarrowPaneTellsEveryEndAndACommandThatHangsIsInterrupted() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.succeed("init", "--no-hooks")
            try fleet.write(
                "[agent]\ncommand = \"sh\"\nkind = \"shell\"\n[tmux]\nsize = \"20x6\"\n[dashboard]\nport = 0\n",
                to: ".tmuxagent/fleet.toml")
            try fleet.write("pipelines: []\n", to: ".tmuxagent/policy.yaml")
            try fleet.write(Self.plan, to: ".tmuxagent/orchestrator.toml")
            let user = fleet.folder.appending("user")
            try Files.write(Self.commands, to: user.appending("decision-1"))
            try Files.write(
                #"{"commands": ["tmux-agent emit STATUS --phase done"]}"#, to: user.appending("decision-2"))
            try await fleet.succeed("up")
            let isDone = try await eventually(within: .seconds(60)) {
                try await fleet.run("tasks", "--json").json.words("tasks", "state") == ["done"]
            }
            let said = try await fleet.said()
            try #require(isDone, "\(said)")
            #expect(try await fleet.tmux("list-panes", "-a", "-F", "#{pane_width}") == "20")
            let events = try await fleet.run("replay", "--limit", "100", "--json").json["events"]?.array ?? []
            let ends = events.filter { $0["event"] == "result" }
            #expect(ends.prefix(4).map { $0["exit_code"]?.integer } == [0, 1, 130, 0], "\(ends)")
            #expect(ends.dropFirst(4).allSatisfy { $0["result"] == "done" }, "\(ends)")
            #expect(ends.first?["detail"]?.string == "one line that twenty columns do not hold")
            #expect(ends.dropFirst().first?["detail"]?.string == "it's \"quoted\"")
            let hanging = try #require(ends.dropFirst(2).first)
            #expect(hanging["result"] == "failed" && hanging["detail"]?.string?.hasPrefix("begun") == true)
            #expect(events.count { $0["event"] == "interrupt" } == 1)
        }
    }
}
