import Config
import Core
import Testing

@Suite("Files of policy tests")
struct PolicyTestFileTests {
    @Test(
        "A wrong file is refused with every mistake and its place", arguments: FixtureFile.all("policy-tests")
    )
    func invalid(file: FixtureFile) throws {
        let text = String(decoding: try file.bytes, as: UTF8.self)
        let problems = try renderedProblems(of: file) { () throws(ConfigurationError) in
            _ = try PolicyTestFile.read(text, file: file.name)
        }
        try file.expect(problems)
    }

    private static let policy = """
        pipelines:
          - name: ci
            stages:
              - { name: lint, actions_on_start: [{ shell: make lint }, { notify: linted }] }
              - { name: ship, require_approval: true, actions_on_start: [{ send_keys: ship it }] }
        """

    private func failures(_ steps: String, hands: String = "") throws -> [PolicyTestFailure] {
        let policy = try PolicyFile.read(Self.policy, file: "policy.yaml").policy
        let text = "tests:\n  - name: t\n\(hands)    steps:\n\(steps)"
        return try PolicyTestFile.read(text, file: "t.yaml").tests.flatMap { $0.run(policy) }
    }

    @Test("A wrong state is shown beside the right one, with its place and time")
    func wrongState() throws {
        let found = try failures("      - { at: 90s, exit_code: 0, expect: { stages: { lint: FAILED } } }\n")
        #expect(found.map(\.what) == ["stage 'lint' at 1m30s"])
        #expect(found.first?.position == PolicyPosition(line: 4, column: 54))
        #expect(found.first?.difference == ["- FAILED", "+ COMPLETED, its actions are done"])
    }

    @Test("Actions are compared in their order, and only what differs is marked")
    func wrongActions() throws {
        let found = try failures(
            "      - { exit_code: 0, expect: { actions: [{ shell: make lint }, { notify: other }, { shell: x }] } }\n"
        )
        #expect(found.first?.what == "actions at 0s")
        #expect(
            found.first?.difference == [
                "  shell: make lint", "- notify: other", "- shell: x", "+ notify: linted",
            ])
    }

    @Test("What cannot be done in a step is said, and later steps are not blamed")
    func impossibleStep() throws {
        #expect(
            try failures("      - { approve: true }\n      - { expect: { runs: { ci: failed } } }\n").map(
                \.what)
                == ["nobody asks anything at 0s"])
        #expect(
            try failures("      - exit_code: 0\n      - { exit_code: 0, expect: { actions: [] } }\n").map(
                \.what)
                == ["no shell action is under way that could end at 0s"])
    }

    @Test("Exit codes of a table come one after another, and a star means all commands")
    func tableOfExitCodes() throws {
        #expect(
            try failures(
                "      - { expect: { stages: { lint: FAILED } } }\n", hands: "    shell: { make lint: 3 }\n")
                == [])
        #expect(
            try failures(
                "      - { approve: ship, expect: { runs: { ci: completed } } }\n",
                hands: "    shell: { \"*\": 0 }\n"
            ) == [])
    }

    @Test("A policy that feeds itself is stopped and said")
    func runaway() throws {
        let policy = try PolicyFile.read(
            """
            pipelines:
              - name: circle
                starts_on: { signal: go }
                stages: [{ name: again, actions_on_start: [{ emit: go }] }]
            """, file: "p.yaml"
        ).policy
        let tests = try PolicyTestFile.read(
            "tests: [{name: t, steps: [{signal: go, expect: {actions: []}}]}]", file: "t.yaml"
        ).tests
        #expect(tests.flatMap { $0.run(policy) }.map(\.what) == ["the policy feeds itself without end at 0s"])
    }
}
