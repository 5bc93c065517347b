import Core
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct PolicyTestCommandTests {
    static let examples = projectFolder.appending("examples/policy")

    @Test func theExamplesPass() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let file = Self.examples.appending("delivery.test.yaml").string
            let outcome = try await fleet.run("policy", "test", file)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.stdout.hasSuffix("5 tests passed.\n"), "\(outcome)")
        }
    }

    @Test func theProjectsOwnPolicyDoesWhatItIsMeantTo() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let file = projectFolder.appending(".tmuxagent/policy.test.yaml").string
            let outcome = try await fleet.run("policy", "test", file)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.stdout.hasSuffix("4 tests passed.\n"), "\(outcome)")
        }
    }

    static let policy = """
        pipelines:
          - name: ci
            stages:
              - { name: lint, success_when: { marker: { type: STATUS, ok: true } } }
              - { name: build, actions_on_start: [{ shell: make }] }

        """
    static let tests = """
        tests:
          - name: good
            steps: [{ marker: { type: STATUS, ok: true }, expect: { stages: { lint: COMPLETED } } }]
          - name: bad
            steps:
              - marker: { type: STATUS, ok: true }
              - at: 5m
                expect:
                  stages: { build: COMPLETED }
                  actions: [{ shell: make all }]

        """

    @Test func aFailureHasItsPlaceAndTheDifference() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try fleet.makeFolder("ci")
            try fleet.write(Self.policy, to: "ci/policy.yaml")
            try fleet.write(Self.tests, to: "ci/ci.test.yaml")
            let text = try await fleet.run("policy", "test", "ci/ci.test.yaml")
            #expect(
                text.description == """
                    ci/ci.test.yaml:9:21: error: bad: stage 'build' at 5m
                        - COMPLETED
                        + RUNNING, its turn has come
                    ci/ci.test.yaml:10:11: error: bad: actions at 5m
                        - shell: make all
                        + shell: make
                    ci/ci.test.yaml: 1 of 2 tests failed.
                    [status 1]
                    """)
            let outcome = try await fleet.run("policy", "test", "ci/ci.test.yaml", "--json")
            #expect(outcome.status == 1)
            let json = try outcome.json
            #expect(json["passed"] == 1)
            #expect(json["failed"] == 1)
            let failures = json["files"]?.array?.first?["tests"]?.array?.last?["failures"]?.array
            #expect(failures?.map { $0["line"] } == [9, 10])
            #expect(failures?.last?["found"] == ["shell: make"])
            try fleet.write(Self.policy.replacing("make", with: "make all"), to: "other.yaml")
            let other = try await fleet.run("policy", "test", "ci/ci.test.yaml", "--policy", "other.yaml")
            #expect(other.stdout.contains("stage 'build'"))
            #expect(!other.stdout.contains("actions"))
        }
    }

    @Test func aFileThatCannotBeUsedSaysWhy() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            try fleet.write("tests: [{ name: a, stepps: [] }]\n", to: "a.test.yaml")
            let broken = try await fleet.run("policy", "test", "a.test.yaml")
            #expect(broken.status == 78)
            #expect(broken.stderr.contains("a.test.yaml:1:20: error: unknown key 'stepps'"), "\(broken)")
            try fleet.write(Self.tests, to: "b.test.yaml")
            let alone = try await fleet.run("policy", "test", "b.test.yaml")
            #expect(alone.status == 78)
            #expect(alone.stderr.contains("There is no policy.yaml"))
        }
    }
}
