import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RestartTests {
    static let plan = """
        poll_interval = 1
        cooldown_seconds = 0
        session_cooldown_seconds = 0
        [decider]
        command = ["sh", "-c", "cat > /dev/null; echo x >> $HOME/calls; if [ $(wc -l < $HOME/calls) = 1 ]; then cat $HOME/decision; else echo '{}'; fi"]
        [[tasks]]
        branch = "a"

        """

    /// The first command is under way and the second asked about when the process is killed.
    static let decision = #"""
        {"commands": [
          {"text": "echo ran >> $HOME/ran; while ! [ -e $HOME/go ]; do sleep 0.1; done; echo ended"},
          {"text": "echo approved >> $HOME/ran; tmux-agent emit STATUS --phase done", "risk_level": "high"}]}
        """#

    @Test func aKilledOrchestratorGoesOnWhereItStood() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try await fleet.plan(Self.plan)
            let user = fleet.folder.appending("user")
            try Files.write(Self.decision, to: user.appending("decision"))
            try await fleet.succeed("up")
            let began = try await eventually(within: .seconds(40)) { Files.exists(user.appending("ran")) }
            var said = try await fleet.said()
            try #require(began, "\(said)")
            let pid = try #require(try await fleet.run("status", "--json").json["daemon"]?["pid"]?.integer)
            kill(Int32(pid), SIGKILL)
            let isGone = try await eventually {
                try await fleet.run("status", "--json").json["daemon"]?["running"] == false
            }
            #expect(isGone)
            // What ends while nobody looks is found in the tap.
            try Files.write("", to: user.appending("go"))
            try await fleet.succeed("up")
            var open: [JSONValue] = []
            let isAsked = try await eventually(within: .seconds(30)) {
                open = try await fleet.run("approvals", "--json").json["approvals"]?.array ?? []
                let queue = try await fleet.run("tasks", "--json").json["tasks"]?.array?.first?["queue"]?
                    .array
                return open.count == 1 && queue?.count == 1
            }
            said = try await fleet.said()
            try #require(isAsked, "\(open) \(said)")
            try await fleet.succeed("approve", try #require(open.first?["id"]?.string))
            let isDone = try await eventually(within: .seconds(30)) {
                try await fleet.run("tasks", "--json").json.words("tasks", "state") == ["done"]
            }
            said = try await fleet.said()
            #expect(isDone, "\(said)")
            #expect(try Files.readText(user.appending("ran")) == "ran\napproved\n")
            let results =
                try await fleet.run("replay", "--limit", "100", "--json").json["events"]?.array ?? []
            let first = results.first { $0["event"] == "result" }
            #expect(first?["exit_code"] == 0 && first?["detail"]?.string == "ended", "\(results)")
            let again = try await fleet.run("replay", "--run", "--json").json
            #expect(again["differences"] == [])
            // A record of a program that did not know every setting is read with the defaults.
            let record = fleet.root.appending(".tmuxagent/logs/orchestrator-actions.jsonl")
            let text = try #require(try Files.readText(record, limit: 16 << 20))
            try Files.write(
                text.replacing("\"hasSummary\"", with: "\"unknown\""), to: record,
                mode: FilePermissions(rawValue: 0o600))
            let older = try await fleet.run("replay", "--run", "--as-recorded", "--json").json
            #expect(older["inputs"] == again["inputs"] && older["differences"] == [], "\(older)")
            // Without a plan nobody knows what the inputs were decided by.
            let inputs = text.split(separator: "\n").filter { $0.contains("\"event\":\"input\"") }
            try Files.write(
                inputs.joined(separator: "\n") + "\n", to: record, mode: FilePermissions(rawValue: 0o600))
            let headless = try await fleet.run("replay", "--run", "--json").json
            #expect(
                headless["inputs"] == 0 && headless["skipped"] == .integer(Int64(inputs.count)), "\(headless)"
            )
        }
    }
}
