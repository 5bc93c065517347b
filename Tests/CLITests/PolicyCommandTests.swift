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
