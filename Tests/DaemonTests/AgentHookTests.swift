import Core
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// What agents' own hooks say, from the command that they call to the journal.
@Suite(.timeLimit(.minutes(2)))
struct AgentHookTests {
    private static func hook(
        _ fleet: FleetFixture, _ agent: Agent, _ json: String, _ program: String = "claude"
    )
        async throws
    {
        var environment = fleet.environment
        environment.merge(agent.program.environment) { $1 }
        let result = try await CommandRunner().run(
            Command(
                FleetFixture.binary.string, ["hook", program], environment: environment,
                workingDirectory: fleet.folder, input: Array(json.utf8), timeout: .seconds(20)))
        #expect(result.exitCode == 0 && result.text.isEmpty && result.errorText.isEmpty)
    }

    /// Whether the journal says that a hook's event brought this state; a screen may overrule it soon.
    private static func said(
        _ fleet: FleetFixture, _ event: String, _ state: String, _ waitingFor: JSONValue? = nil
    ) async throws -> Bool {
        // The daemon writes it; nobody tells this process.
        try await eventually {
            try await fleet.journal().contains {
                $0.kind == .agentState && $0.draft.source == "claude-hook"
                    && $0.payload["event"] == .string(event)
                    && $0.payload["state"] == .string(state) && $0.payload["waiting_for"] == waitingFor
            }
        }
    }

    @Test func hooksSayTheStateAndAMarkerCountsOnceWhoeverSaysItFirst() async throws {
        let policy = """
            pipelines:
              - name: counts
                match: { branch: p1 }
                starts_on: { marker: { type: STATUS } }
                when_busy: queue
                stages: [{ name: noted, actions_on_start: [{ shell: 'echo x >>"$HOME/noted"' }] }]
            """
        // The shell prints the marker as an agent would, without the command's own echo.
        let marker = #"### SENTRY {"type":"STATUS","stage":"lint","ok":true,"id":"once"}"#
        try await withFleet(
            policy: policy,
            agent: { fleet in
                try fleet.script(
                    "a.sh", "stty -echo; while read -r line; do printf '%s\\n' \"$line\"; done\n")
            }
        ) { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            let agent = try #require(try await fleet.store().agents().first)
            try await Self.hook(fleet, agent, #"{"hook_event_name":"PermissionRequest","tool_name":"Bash"}"#)
            let waits = try await Self.said(fleet, "PermissionRequest", "waiting", "permission")
            #expect(waits, "\(daemon.output)")
            let message =
                #"Done.\n### SENTRY {\"type\":\"STATUS\",\"stage\":\"lint\",\"ok\":true,\"id\":\"once\"}"#
            try await Self.hook(
                fleet, agent, #"{"hook_event_name":"Stop","last_assistant_message":"\#(message)"}"#)
            let isIdle = try await Self.said(fleet, "Stop", "idle")
            #expect(isIdle, "\(daemon.output)")
            try await fleet.tmux("send-keys", "-t", "agent-p1", "-l", "--", marker)
            try await fleet.tmux("send-keys", "-t", "agent-p1", "Enter")
            try await Self.hook(
                fleet, agent, #"{"type":"agent-turn-complete","last-assistant-message":"\#(message)"}"#,
                "codex")
            // The screen's row says that it is a duplicate.
            let isSeen = try await eventually {
                try await fleet.journal().contains { $0.kind == .marker && $0.payload["duplicate"] == true }
            }
            #expect(isSeen, "\(daemon.output)")
            let counted = try await fleet.journal().filter {
                $0.kind == .marker && $0.payload["duplicate"] == nil
            }
            #expect(counted.map(\.draft.source) == ["claude-hook"])
            let states = try await fleet.journal().filter {
                $0.kind == .agentState && $0.draft.source == "claude-hook"
            }
            #expect(states.compactMap { $0.payload["event"]?.string } == ["PermissionRequest", "Stop"])
            let isNoted = try await eventually { text(of: fleet.folder.appending("noted")) == "x\n" }
            #expect(isNoted, "\(daemon.output)")
            let status = await daemon.stop()
            #expect(status == 0)
            #expect(text(of: fleet.folder.appending("noted")) == "x\n")
        }
    }

    /// Codex calls hooks from one server for all of a user's sessions, and the server is a child of its first session.
    @Test func aSharedServerSpeaksForTheSessionInItsFolder() async throws {
        try await withFleet { fleet in
            let daemon = try fleet.daemon()
            try await daemon.ready()
            try await fleet.run("spawn", "p1")
            try await fleet.run("spawn", "p2")
            let agents = try await fleet.store().agents()
            let first = try #require(agents.first { $0.place.branch == "p1" })
            let second = try #require(agents.first { $0.place.branch == "p2" })
            let server = fleet.folder.appending("server/codex")
            let session = fleet.folder.appending("codex")
            try Files.makeFolder(server.removingLastComponent(), mode: 0o755)
            try Files.write(
                "#!/bin/sh\n\(FleetFixture.binary) hook codex\n:\n", to: server, mode: .init(rawValue: 0o755))
            try Files.write("#!/bin/sh\n\(server)\n:\n", to: session, mode: .init(rawValue: 0o755))
            var environment = fleet.environment
            environment.merge(first.program.environment) { $1 }
            let text = #"### SENTRY {\"type\":\"STATUS\",\"id\":\"theirs\"}"#
            let folder = second.place.worktree.appending("src")
            let json = #"{"hook_event_name":"Stop","cwd":"\#(folder)","last_assistant_message":"\#(text)"}"#
            let result = try await CommandRunner().run(
                Command(
                    session.string, [], environment: environment, workingDirectory: fleet.folder,
                    input: Array(json.utf8), timeout: .seconds(20)))
            #expect(result.isSuccess && result.errorText.isEmpty, "\(result.errorText)")
            // The daemon writes it; nobody tells this process.
            let isSaid = try await eventually {
                try await fleet.journal().contains { $0.kind == .marker && $0.subject == second.subject }
            }
            #expect(isSaid, "\(daemon.output)")
            let status = await daemon.stop()
            #expect(status == 0)
        }
    }

    @Test func linesWaitForADaemonAndCountOnceThroughKills() async throws {
        try await withFleet { fleet in
            try await fleet.run("spawn", "p1")
            let agent = try #require(try await fleet.store().agents().first)
            let file = fleet.repository.appending(".git/tmux-agent/agent-hooks")
            try Files.append("no line of ours\nclaude\t\(agent.id)\t1\t{\"event\":\"Stop\"}\n", to: file)
            let count = 40
            for number in 1...count {
                let text = #"### SENTRY {\"type\":\"STATUS\",\"id\":\"m\#(number)\"}"#
                let json = #"{"event":"Stop","markers":[{"type":"STATUS","id":"m\#(number)"}]}"#
                // A few by the real command, the others as it writes them.
                if number % 20 == 0 {
                    try await Self.hook(
                        fleet, agent, #"{"hook_event_name":"Stop","last_assistant_message":"\#(text)"}"#)
                } else {
                    try Files.append("claude\t\(agent.id)\t1\t\(json)\n", to: file)
                }
            }
            for round in 0..<4 {
                let daemon = try fleet.daemon()
                try await daemon.ready()
                _ = try await eventually(within: .milliseconds(15 * round)) { false }
                await daemon.kill()
            }
            let daemon = try fleet.daemon()
            try await daemon.ready()
            let isRead = try await eventually {
                try await fleet.journal().filter { $0.kind == .marker }.count >= count
            }
            #expect(isRead, "\(daemon.output)")
            let ids = try await fleet.journal().filter { $0.kind == .marker }
                .compactMap { $0.payload["marker"]?["id"]?.string }
            #expect(ids == (1...count).map { "m\($0)" })
            let status = await daemon.stop()
            #expect(status == 0)
        }
    }
}
