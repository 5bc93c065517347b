import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ReplayTests {
    static let policy = """
        pipelines:
          - name: delivery
            match: { branch: "feature/*" }
            stages:
              - name: lint
                success_when: { log_regex: "lint: 0 problems" }
                fail_when: { log_regex: "lint: [1-9]" }
              - name: check
                actions_on_start: [{ shell: "echo checked > checked.txt" }]
              - name: release
                require_approval: { prompt: "Release it?" }
                actions_on_start: [{ send_keys: "please release" }]
                success_when: { marker: { type: STATUS, stage: release, ok: true } }
                on_success_notify: "released"
          - name: after-commit
            match: { branch: "feature/*" }
            starts_on: { git_hook: { name: post-commit, paths: ["*.txt"] } }
            stages: [{ name: count, actions_on_start: [{ shell: "exit 3" }] }]

        """
    static let other = """
        pipelines:
          - name: delivery
            match: { branch: "feature/*" }
            stages:
              - name: lint
                success_when: { log_regex: "lint: 0 problems" }
              - name: publish
                actions_on_start: [{ shell: "touch published.txt" }]
                timeout: 5m
          - name: after-commit
            starts_on: { git_hook: { name: post-commit, paths: ["docs/"] } }
            stages: [{ name: count, actions_on_start: [{ shell: "exit 3" }] }]

        """
    static let script = """
        say Ready.
        expect go
        repeat 30 say line %d of many
        say lint: 0 problems
        expect release
        marker {"type":"STATUS","stage":"release","ok":true}

        """

    /// A fleet that has done its work: both pipelines ran, a person approved.
    private func withPast(_ body: (FleetFixture) async throws -> Void) async throws {
        try await withFleetFixture(scripts: ["agent": Self.script], policy: Self.policy) { fleet in
            try await fleet.succeed("hooks", "install")
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x", "--task", "go")
            let id = try #require(try await fleet.question(of: "feature/x")["id"]?.string)
            try await fleet.succeed("approve", id)
            let tree = fleet.root.appending(".tmuxagent/worktrees/feature-x")
            let committed = try await fleet.shell("git add -A && git commit -qm one", in: tree)
            #expect(committed.status == 0, "\(committed)")
            let ended = try await eventually(within: .seconds(20)) {
                let runs = try await fleet.run("status", "--json").json["runs"]?.array ?? []
                return Set(runs.compactMap { $0["state"]?.string }) == ["completed", "failed"]
            }
            #expect(ended)
            try await fleet.succeed("down")
            try await body(fleet)
        }
    }

    @Test func thePolicyThatRanWouldDecideTheSame() async throws {
        try await withPast { fleet in
            let arguments = ["replay", "--policy", ".tmuxagent/policy.yaml", "--since", "1h"]
            let text = try await fleet.run(arguments)
            #expect(text.status == 0)
            #expect(text.stdout.contains("0 would be new, 0 would not have been done."), "\(text)")
            for words in [
                "= ", "delivery/lint: COMPLETED",
                "delivery/check: shell 'echo checked > checked.txt'  (exit 0)",
                "delivery/release: asks 'Release it?'", "delivery/release: send_keys 'please release'",
                "delivery/release: notify 'released'", "after-commit/count: FAILED",
            ] {
                #expect(text.stdout.contains(words), "\(words)\n\(text)")
            }
            // The same records give the same bytes.
            #expect(try await fleet.run(arguments).stdout == text.stdout)
            let json = try await fleet.run(arguments + ["--json", "--branch", "feature/x"])
            #expect(
                try await fleet.run(arguments + ["--json", "--branch", "feature/x"]).stdout == json.stdout)
            #expect(try json.json["only_would"] == 0)
            #expect((try json.json["same"]?.integer ?? 0) > 10)
        }
    }

    @Test func anotherPolicyIsShownBesideWhatWasDoneAndDoesNothing() async throws {
        try await withPast { fleet in
            try fleet.write(Self.other, to: "new.yaml")
            let before = try await fleet.run("status", "--json").json["runs"]
            let text = try await fleet.run("replay", "--policy", "new.yaml")
            #expect(text.stdout.contains("delivery/lint: COMPLETED"), "\(text)")
            for words in [
                "+ ", "delivery/publish: shell 'touch published.txt'  (assumed: exit 0)",
                "delivery/publish: COMPLETED",
            ] {
                #expect(text.stdout.contains(words), "\(words)\n\(text)")
            }
            let lines = text.stdout.split(separator: "\n")
            #expect(
                lines.contains { $0.hasPrefix("  - ") && $0.hasSuffix("delivery/check: RUNNING") }, "\(text)")
            #expect(lines.contains { $0.hasPrefix("  - ") && $0.contains("after-commit/count: FAILED") })
            #expect(!lines.contains { $0.hasPrefix("  + ") && $0.contains("after-commit") })
            #expect(text.stdout.contains("'release' of 'delivery'"), "\(text)")
            // States of agents may still change by themselves.
            #expect(try await fleet.run("status", "--json").json["runs"] == before)
            #expect(!fleet.exists(".tmuxagent/worktrees/feature-x/published.txt"))
            #expect(!fleet.exists("published.txt"))
        }
    }

    @Test func wrongWordsAreSaid() async throws {
        try await withFleetFixture { fleet in
            try fleet.write("pipelines: []\n", to: "p.yaml")
            let since = try await fleet.run("replay", "--policy", "p.yaml", "--since", "yesterday")
            #expect(since.status == 64)
            #expect(since.stderr.contains("--since takes a duration such as 24h"))
            let branch = try await fleet.run("replay", "--policy", "p.yaml", "--branch", "feature/nobody")
            #expect(branch.status == 1)
            let file = try await fleet.run("replay", "--policy", "none.yaml")
            #expect(file.status == 78)
            let empty = try await fleet.run("replay", "--policy", "p.yaml")
            #expect(empty.description == "[stderr]\nHint: Nothing was recorded in that time\n[status 0]")
        }
    }
}
