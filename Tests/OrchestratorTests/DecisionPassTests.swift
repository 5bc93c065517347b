import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// What a decision leads to in a real shell, and what the next one is told of it.
@Suite(.timeLimit(.minutes(2)))
struct DecisionPassTests {
    /// It keeps each prompt, and answers with `decision-1`, `decision-2`, …, the last of them for good.
    static let plan = """
        poll_interval = 1
        cooldown_seconds = 0
        session_cooldown_seconds = 0
        max_commands_per_cycle = 9
        [decider]
        command = ["sh", "-c", "echo x >> $HOME/calls; n=$(wc -l < $HOME/calls | tr -d ' '); cat > $HOME/prompt-$n.new; mv $HOME/prompt-$n.new $HOME/prompt-$n; echo $TMUX_AGENT_DECIDER > $HOME/mark; [ -e $HOME/decision-$n ] || n=last; cat $HOME/decision-$n"]
        [[tasks]]
        branch = "a"

        """

    @Test func everyResultIsToldAndNoLineOfAPersonIsSentOff() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan(Self.plan)
            let user = fleet.folder.appending("user")
            try Files.write(
                #"{"commands": [{"text": "exit 5", "session": "agent-a"}, "echo second"]}"#,
                to: user.appending("decision-1"))
            try Files.write(
                #"{"commands": ["tmux-agent emit STATUS --phase done"]}"#, to: user.appending("decision-last")
            )
            try await fleet.succeed("spawn", "a")
            let pane = try await fleet.tmux("list-panes", "-a", "-F", "#{pane_id}")
            let isReady = try await eventually(within: .seconds(20)) {
                try await fleet.tmux("capture-pane", "-p", "-t", pane).contains { "$#".contains($0) }
            }
            try #require(isReady)
            _ = try await fleet.tmux("send-keys", "-t", pane, "-l", "echo half a line ")
            try await fleet.succeed("up")
            let isBegun = try await eventually(within: .seconds(20)) {
                try await fleet.run("tasks", "commands", "--json").json.words("commands", "state").first
                    == "running"
            }
            var said = try await fleet.said()
            try #require(isBegun, "\(said)")
            #expect(try await !fleet.tmux("capture-pane", "-p", "-t", pane).contains("cmd-"))
            // The person thinks better of it.
            _ = try await fleet.tmux("send-keys", "-t", pane, "C-u")
            let isDone = try await eventually(within: .seconds(40)) {
                try await fleet.run("tasks", "--json").json.words("tasks", "state") == ["done"]
            }
            said = try await fleet.said()
            try #require(isDone, "\(said)")
            let prompt = try #require(try Files.readText(user.appending("prompt-2")))
            #expect(prompt.contains("exit 5\nfailed with exit code 5 after "), "\(prompt)")
            #expect(prompt.contains("The last command was: echo second"), "\(prompt)")
            #expect(try Files.readText(user.appending("mark")) == "1\n")
        }
    }

    @Test func aPassDecidesOnceAndLeavesNothingBehind() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan(Self.plan)
            let user = fleet.folder.appending("user")
            // Without an end by itself.
            try Files.write(#"{"commands": ["date +%N"]}"#, to: user.appending("decision-last"))
            func calls() throws -> Int {
                try Files.readText(user.appending("calls"))?.split(separator: "\n").count ?? 0
            }
            let hasAsked = try await eventually(within: .seconds(30)) {
                let before = try calls()
                try await fleet.succeed("orchestrate", "--once")
                let after = try calls()
                #expect(after <= before + 1)
                return after > 0
            }
            let said = try await fleet.said()
            try #require(hasAsked, "\(said)")
            for name in Files.names(in: fleet.home.appending("run")) {
                let folder = fleet.home.appending("run").appending(name).appending("commands")
                #expect(Files.names(in: folder).isEmpty, "\(folder)")
            }
        }
    }
}
