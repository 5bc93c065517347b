internal import ArgumentParser
internal import Core
internal import Fleet

struct PolicyTest: AgentCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run table tests of a policy in virtual time",
        discussion: """
            A file names signals at times and what the policy must have done then; no
            daemon, agent or clock is needed, and nothing is typed, run or stored. The
            policy is 'policy.yaml' beside the file, unless the file or --policy names
            another. Exit status 1 when a test fails.

              tmux-agent policy test .tmuxagent/policy.test.yaml
              tmux-agent policy test examples/policy/*.test.yaml --json
            """)

    @OptionGroup var global: GlobalOptions
    @Argument(help: "Files of tests") var files: [String]
    @Option(name: .long, help: "Test this policy in place of the one that the file names") var policy: String?

    func run(_ context: CommandContext) async throws {
        let tester = PolicyTester(surroundings: context.surroundings)
        let outcomes = try files.map { try tester.test(file: $0, policy: policy) }
        context.console.render(PolicyTestView(outcomes: outcomes), json: context.json)
        if outcomes.contains(where: { $0.failed > 0 }) { throw ExitCode(ExitStatus.notAchieved.rawValue) }
    }
}

private struct PolicyTestView: Renderable {
    var outcomes: [PolicyTester.Outcome]

    var json: JSONValue {
        let failed = outcomes.reduce(0) { $0 + $1.failed }
        let all = outcomes.reduce(0) { $0 + $1.results.count }
        return [
            "files": .array(outcomes.map(json)), "failed": .integer(Int64(failed)),
            "passed": .integer(Int64(all - failed)),
        ]
    }

    private func json(_ outcome: PolicyTester.Outcome) -> JSONValue {
        let tests = outcome.results.map { result -> JSONValue in
            [
                "name": .string(result.name), "line": .integer(Int64(result.position.line)),
                "column": .integer(Int64(result.position.column)), "passed": .bool(result.failures.isEmpty),
                "failures": .array(result.failures.map(json)),
            ]
        }
        return [
            "file": .string(outcome.file), "policy": .string(outcome.policy), "tests": .array(tests),
            "failed": .integer(Int64(outcome.failed)),
        ]
    }

    private func json(_ failure: PolicyTestFailure) -> JSONValue {
        [
            "line": .integer(Int64(failure.position.line)),
            "column": .integer(Int64(failure.position.column)), "what": .string(failure.what),
            "expected": .array(failure.expected.map { .string($0) }),
            "found": .array(failure.found.map { .string($0) }),
        ]
    }

    func text(_ style: Style) -> String {
        outcomes.flatMap { outcome in
            let count = outcome.results.count
            let failures = outcome.results.flatMap { result in
                result.failures.map { text($0, of: result, in: outcome, style) }
            }
            let total = "\(count) test\(count == 1 ? "" : "s")"
            let sum =
                failures.isEmpty
                ? "\(outcome.file.visible): \(total) \(style.success("passed"))."
                : "\(outcome.file.visible): \(outcome.failed) of \(total) \(style.error("failed"))."
            return failures + [sum]
        }.joined(separator: "\n")
    }

    private func text(
        _ failure: PolicyTestFailure, of result: PolicyTester.Result, in outcome: PolicyTester.Outcome,
        _ style: Style
    ) -> String {
        let place = "\(outcome.file.visible):\(failure.position.line):\(failure.position.column)"
        let head = "\(place): \(style.error("error")): \(result.name.visible): \(failure.what.visible)"
        let lines = failure.difference.map { line in
            let shown = "    " + line.visible
            return line.hasPrefix("-")
                ? style.error(shown) : line.hasPrefix("+") ? style.success(shown) : shown
        }
        return ([head] + lines).joined(separator: "\n")
    }
}
