import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PolicyCommandTests {
    static let broken = """
        pipelines:
          - name: ci
            macth: { any_of: [ { branch: "*" } ] }
            stages:
              - name: lint
                actions_on_start: [ { shel: "make lint" } ]
                timeout: soon

        """

    @Test func everyProblemIsPrintedAtOnce() async throws {
        try await withFleetFixture(policy: Self.broken) { fleet in
            let text = try await fleet.run("policy", "check")
            #expect(text.status == 78)
            for words in ["policy.yaml:3:5: error:", "policy.yaml:6:31: error:", "policy.yaml:7:18: error:"] {
                #expect(text.stdout.contains(words), "\(text)")
            }
            #expect(text.stdout.contains("match"))
            #expect(text.stdout.contains("shell"))
            let json = try await fleet.run("policy", "check", "--json")
            #expect(json.status == 78)
            #expect(try json.json["usable"] == false)
            #expect((try json.json["problems"]?.array?.count ?? 0) >= 3)
            for up in [try await fleet.run("up"), try await fleet.run("up", "--foreground")] {
                #expect(up.status == 78)
                #expect(up.stderr.contains("policy.yaml:3:5: error:"), "\(up)")
            }
        }
    }

    @Test func aGoodPolicyAndAFileOfOnesOwn() async throws {
        try await withFleetFixture(policy: deliveryPolicy) { fleet in
            let good = try await fleet.run("policy", "check")
            #expect(good.description == ".tmuxagent/policy.yaml: good, 1 pipeline.\n[status 0]")
            try fleet.write(Self.broken, to: "other.yaml")
            #expect(try await fleet.run("policy", "check", "other.yaml").status == 78)
            let missing = try await fleet.run("policy", "check", "nowhere.yaml", "--json")
            #expect(missing.status == 78)
            #expect(try missing.error?["message"]?.string?.contains("nowhere.yaml") == true)
        }
    }

    /// A broken edit is said wherever a person looks, and what is in force goes on being explained.
    @Test func aBrokenEditIsSaidEverywhere() async throws {
        try await withFleetFixture(policy: deliveryPolicy) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            #expect(try await fleet.run("status", "--json").json["policy"]?["in_force"] == true)
            let begun = try await eventually {
                try await fleet.run("policy", "explain", "feature/x").stdout.contains("implement")
            }
            #expect(begun)
            try fleet.write(Self.broken, to: ".tmuxagent/policy.yaml")
            let refused = try await eventually {
                try await fleet.run("status", "--json").json["policy"]?["in_force"] == false
            }
            let status = try await fleet.run("status")
            #expect(refused, "\(status)")
            #expect(status.stdout.contains("the last good one is in force"), "\(status)")
            let sessions = try await fleet.run("sessions")
            #expect(sessions.stderr.contains("the last good one is in force"), "\(sessions)")
            let check = try await fleet.run("policy", "check")
            #expect(check.status == 78)
            #expect(check.stderr.contains("The daemon goes on with the last good policy"), "\(check)")
            #expect(try await fleet.run("policy", "check", "--json").json["in_force"] == false)
            let explain = try await fleet.run("policy", "explain", "feature/x")
            #expect(explain.stdout.contains("succeeds on marker"), "\(explain)")
            #expect(explain.stderr.contains("the last good one is in force"))
            #expect(try fleet.daemonLog().contains("the last good one stays in force"))
            try fleet.write(deliveryPolicy, to: ".tmuxagent/policy.yaml")
            let mended = try await eventually {
                try await fleet.run("status", "--json").json["policy"]?["in_force"] == true
            }
            #expect(mended)
            #expect(try await fleet.run("policy", "check", "--json").json["in_force"] == true)
        }
    }

    @Test func whatNoRunHasIsRefusedWithTheNearestName() async throws {
        let policy = """
            pipelines:
              - name: delivery
                stages: [{ name: build, actions_on_start: [{ shell: "test -e ok" }] }, { name: end }]
              - name: main-only
                match: { checkout: main }
                starts_on: { git_hook: post-commit }
                stages: [{ name: count, actions_on_start: [{ shell: "echo one >> count.txt" }] }]

            """
        try await withFleetFixture(policy: policy) { fleet in
            try await fleet.succeed("hooks", "install")
            try await fleet.succeed("spawn", "feature/x")
            let none = try await fleet.run("policy", "reset", "feature/x", "--json")
            #expect(try none.error?["code"] == "no_runs", "\(none)")
            try await fleet.succeed("up")
            try await fleet.expectRun("failed", of: "feature/x")
            let stage = try await fleet.run("policy", "reset", "feature/x", "--stage", "biuld")
            #expect(stage.status == 1)
            #expect(stage.stderr.contains("Did you mean 'build'?"), "\(stage)")
            let later = try await fleet.run("policy", "reset", "feature/x", "--stage", "end")
            #expect(later.status == 1)
            #expect(
                later.stderr.contains("Stage 'end' of 'feature/x' has not begun: its run stands at 'build'"))
            let pipeline = try await fleet.run("policy", "retry", "feature/x", "--pipeline", "deliver")
            #expect(pipeline.stderr.contains("Did you mean 'delivery'?"), "\(pipeline)")
            try fleet.write("", to: ".tmuxagent/worktrees/feature-x/ok")
            try await fleet.succeed("policy", "retry", "feature/x")
            try await fleet.expectRun("completed", of: "feature/x")
            let again = try await fleet.run("policy", "retry", "feature/x", "--json")
            #expect(try again.error?["code"] == "nothing_failed", "\(again)")

            let committed = try await fleet.shell("git commit -q --allow-empty -m x")
            #expect(committed.status == 0, "\(committed)")
            try await fleet.expectFile("count.txt", contains: "one")
            try await fleet.expectRun("completed", of: nil)
            let main = try await fleet.shell("git branch --show-current").stdout.split(separator: "\n").first
            let branch = String(try #require(main))
            #expect(try await fleet.run("policy", "explain", branch).stdout.hasPrefix("main-only  completed"))
            try await fleet.succeed("policy", "reset", branch, "--stage", "count")
            try await fleet.expectFile("count.txt", contains: "one\none\n")
        }
    }

    @Test func anEscalationTellsItsChannelsAndRunsItsHook() async throws {
        let policy = """
            pipelines:
              - name: ci
                stages: [{ name: build, actions_on_start: [{ shell: "exit 4" }], on_fail: [{ escalate: ops }] }]

            """
        let routes = """
            [escalation.ops]
            channels = "stdout"
            severity = "warning"
            title = "Pager:"
            shell = '''printf "%s|%s|%s|%s\\n" "$TMUX_AGENT_ESCALATION" "$TMUX_AGENT_BRANCH" "$TMUX_AGENT_STAGE" "$TMUX_AGENT_REASON" > told.txt'''

            """
        try await withFleetFixture(policy: policy, more: routes) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            try await fleet.expectFile(
                ".tmuxagent/worktrees/feature-x/told.txt",
                contains: "ops|feature/x|build|action 1 ended with exit code 4\n")
            let told = try await eventually {
                try fleet.daemonLog().contains("[NOTIFY] Pager: Stage 'build'")
            }
            let log = try fleet.daemonLog()
            #expect(told, "\(log)")
            try await fleet.expectRun("failed", of: "feature/x")
        }
    }

    @Test func explainSaysWhatBeginsARunAndShowsTheOneBeforeTheQueue() async throws {
        let policy = """
            pipelines:
              - name: deploys
                starts_on: { signal: deploy }
                stages: [{ name: ship, success_when: { signal: shipped } }]

            """
        try await withFleetFixture(policy: policy) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let none = try await fleet.run("policy", "explain", "feature/x")
            #expect(none.stdout == "deploys  begins on signal deploy\n", "\(none)")
            try await fleet.succeed("up")
            for _ in 0..<2 { try await fleet.succeed("emit", "deploy", "--branch", "feature/x") }
            let isQueued = try await eventually(within: .seconds(20)) {
                let runs = try await fleet.run("policy", "explain", "feature/x", "--json").json["runs"]?.array
                return runs?.map { $0.object?["state"]?.string } == ["running", "queued"]
            }
            #expect(isQueued)
        }
    }

    @Test func explainSaysWhatAStageWaitsFor() async throws {
        try await withFleetFixture(policy: deliveryPolicy) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let none = try await fleet.run("policy", "explain", "feature/x")
            #expect(
                none.description == "[stderr]\nHint: No pipeline has begun for this agent yet\n[status 0]")
            try await fleet.succeed("up")
            let begun = try await eventually {
                try await fleet.run("policy", "explain", "feature/x").stdout.contains("implement")
            }
            #expect(begun)
            let text = try await fleet.run("policy", "explain", "feature/x")
            #expect(text.stdout.hasPrefix("delivery  running  run-"), "\(text)")
            #expect(try await fleet.run("policy", "explain", "feature/y").status == 1)
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct InspectTests {
    static let taps = projectFolder.appending("Tests/Fixtures/taps")

    struct Recording: Sendable, CustomTestStringConvertible {
        var name: String
        var kind: String
        var testDescription: String { name }
    }

    @Test(arguments: [
        Recording(name: "codex-trust", kind: "codex"), Recording(name: "claude-resizes", kind: "claude"),
    ])
    func everyCheckpointIsWhatTmuxShowed(recording: Recording) async throws {
        let text = try #require(try Files.readText(Self.taps.appending("\(recording.name).json")))
        let truth = try JSONValue.parse(text)
        let number = { (value: JSONValue?) in value?.integer ?? 0 }
        var arguments = [
            "inspect", Self.taps.appending("\(recording.name).tap").string, "--json", "--kind",
            recording.kind,
            "--size", "\(number(truth["cols"]))x\(number(truth["rows"]))",
        ]
        for resize in truth["resizes"]?.array ?? [] {
            let size = "\(number(resize["cols"]))x\(number(resize["rows"]))"
            arguments += ["--resize", "\(number(resize["offset"])):\(size)"]
        }
        let checkpoints = try #require(truth["checkpoints"]?.array)
        try await withFleetFixture(scripts: nil) { fleet in
            for point in checkpoints where point["exact"] == true {
                let outcome = try await fleet.run(arguments + ["--until", "\(number(point["offset"]))"])
                let seen = try outcome.json
                let name = point["name"]?.string ?? ""
                #expect(seen["screen"]?.array == point["screen"]?.array, "\(name)")
                #expect(seen["markers"]?.array?.count == Int(number(point["markers"])), "\(name)")
                #expect(seen["alternate"] == point["alternate"], "\(name)")
                #expect(seen["state"] == point["state"], "\(name)")
                #expect(seen["bytes"] == point["offset"], "\(name)")
            }
        }
    }

    @Test(arguments: [
        (["nowhere.tap", "--size", "80x24"], 1, "there is no such file"),
        (["README", "--size", "80"], 64, "--size must be COLSxROWS"),
        (["README", "--size", "80x24", "--resize", "9"], 64, "--resize must be OFFSET:COLSxROWS"),
        (["README", "--size", "80x24", "--kind", "cluade"], 64, "There are no rules for 'cluade'"),
        (["README"], 64, "Missing expected argument"),
    ])
    func wrongArgumentsAreSaid(arguments: [String], status: Int, words: String) async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let outcome = try await fleet.run(["inspect"] + arguments)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.stderr.contains(words), "\(outcome)")
        }
    }
}
