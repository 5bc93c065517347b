import Core
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct DaemonCommandTests {
    @Test func oneDaemonWatchesAFleet() async throws {
        try await withFleetFixture { fleet in
            let none = try await fleet.run("down")
            #expect(
                none.description == """
                    [stderr]
                    Error: No daemon watches the fleet of <folder>/shop
                    Hint: Start one with 'tmux-agent up'
                    [status 69]
                    """)
            let before = try await fleet.run("status")
            #expect(before.stdout.contains("not watched"))
            let up = try await fleet.run("up", "--json")
            let pid = try #require(try up.json["pid"]?.integer)
            #expect(try up.json["state"] == "running")
            let status = try await fleet.run("status", "--json").json
            #expect(status["daemon"]?["pid"]?.integer == pid)
            #expect(status["daemon"]?["running"] == true)
            #expect(status["fleet"] == "shop")
            #expect(status["trusted"] == true)
            for second in [try await fleet.run("up"), try await fleet.run("up", "--foreground")] {
                #expect(second.status == 1)
                #expect(second.stderr.contains("Error: A daemon watches this fleet already (pid \(pid))"))
            }
            let down = try await fleet.run("down", "--json")
            #expect(try down.json == ["pid": .integer(pid), "state": "stopped"])
            #expect(try await fleet.run("down", "--json").error?["code"] == "daemon_not_running")
        }
    }

    @Test func aWrongLogLevelIsWrongUsage() async throws {
        try await withFleetFixture { fleet in
            let outcome = try await fleet.run("up", "--log-level", "loud")
            #expect(outcome.status == 64)
            #expect(outcome.stderr.contains("'loud' is no log level"))
        }
    }

    @Test func notifyAndEmitDoNotWaitForALongShellAction() async throws {
        let policy = """
            pipelines:
              - name: slow
                match: { any_of: [ { branch: "*" } ] }
                stages:
                  - name: build
                    actions_on_start: [ { shell: "exec sleep 600" } ]
              - name: fast
                match: { any_of: [ { branch: "*" } ] }
                stages:
                  - name: tell
                    triggers: { any_of: [ { signal: tell } ] }
                    actions_on_start: [ { notify: { title: "told", body: "at once" } }, { keys: ["x", "Enter"] } ]

            """
        try await withFleetFixture(policy: policy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let runs = try await eventually {
                let run = try await fleet.run("policy", "explain", "feature/x", "--json").json["runs"]?.array
                return run?.first { $0["pipeline"]?.string == "slow" }?["stages"]?.array?.first?["status"]
                    == "RUNNING"
            }
            #expect(runs)
            try await fleet.succeed("emit", "tell", "--branch", "feature/x")
            let told = try await eventually { try fleet.daemonLog().contains("[NOTIFY] told\nat once\n") }
            let log = try fleet.daemonLog()
            #expect(told, "\(log)")
            let typed = try await eventually {
                try await fleet.run("logs", "feature/x").stdout.contains("Noted: x")
            }
            #expect(typed)
        }
    }
}
