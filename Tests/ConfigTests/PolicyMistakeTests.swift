import Config
import Core
import Testing

/// A mistake that people make, and what they must be told.
struct PolicyMistake: Sendable, CustomTestStringConvertible {
    let text: String
    /// Line and column of the problem.
    let place: String
    let message: String
    let suggestion: String
    var testDescription: String { message }

    init(_ text: String, _ place: String, _ message: String, _ suggestion: String) {
        self.text = text
        self.place = place
        self.message = message
        self.suggestion = suggestion
    }

    /// Of one stage, whose lines begin in line 4, column 9.
    static func stage(
        _ lines: String, _ place: String, _ message: String, _ suggestion: String
    ) -> PolicyMistake {
        let head = "pipelines:\n  - name: ci\n    stages:\n      - name: build\n"
        let body = lines.split(separator: "\n").map { "        \($0)\n" }.joined()
        return PolicyMistake(head + body, place, message, suggestion)
    }

    static let syntax = [
        PolicyMistake("pipelines:\n\t- name: ci", "2:1", "a tab cannot indent", "spaces"),
        .stage("actions_on_start:\n  - shell: \"make", "6:20", "never closed", "Close it"),
        .stage("actions_on_start: [{ shell: make }", "5:27", "not closed", "close with ']'"),
        .stage(
            "timeout:5m\nsuccess_when: { signal: x }", "5:16", "no space stands behind", "Write 'timeout: 5m'"
        ),
        .stage("on_start_notify: Build: begins", "5:31", "a ':' cannot stand here", "in quotes"),
        .stage("require_approval: { prompt: 'don't' }", "5:27", "is not closed", "close with '}'"),
        .stage("on_start_notify: 'it's'", "5:30", "follows a value that has ended", "Check the quotes"),
        .stage(
            "timeout: 5m\n  success_when: { signal: x }", "6:23", "a ':' cannot stand here", "Indent the line"
        ),
        .stage("success_when: { log_regex: *done }", "5:36", "no anchor", "in quotes"),
        .stage("success_when: { log_regex: *.log }", "5:36", "begin the name of an anchor", "in quotes"),
        .stage("success_when: { log_regex: \"\\d+\" }", "5:37", "backslash", "single quotes"),
        .stage("actions_on_start: [, ]", "5:28", "a value is missing", "Write it"),
        .stage("actions_on_start: %run", "5:27", "cannot begin with '%'", "quotes"),
        PolicyMistake("pipelines: []\n gates: []", "2:2", "fits no line above it", "same number of spaces"),
        PolicyMistake("{pipelines: []}\ngates: []", "2:1", "belongs to nothing", "brackets"),
    ]

    static let values =
        [
            .stage("on_fail: [{ retry: -1 }]", "5:28", "must be between 0 and 100", "Write 0 or more"),
            .stage("on_fail: [{ retry: 1000 }]", "5:28", "must be between 0 and 100", "Write 100 or less"),
            .stage("on_fail: [{ retry: 2, factor: 0 }]", "5:39", "'factor' must be", "Write 1.0 or more"),
            .stage("on_fail: [{ retry: many }]", "5:28", "takes a whole number", "Write one such as 1"),
            .stage("success_when: { exit_code: 256 }", "5:36", "between 0 and 255", "Write 255 or less"),
            .stage("timeout: -5s", "5:18", "cannot be negative", "such as 5s"),
            .stage("timeout: 300", "5:18", "has no unit", "300s"),
            .stage("timeout: soon", "5:18", "takes a duration", "30s"),
            .stage("require_approval: maybe", "5:27", "takes true, false or", "Write true"),
            .stage("require_approval: { channels: [smoke] }", "5:40", "no approval comes through", "one of"),
            .stage(
                "actions_on_start:\n  - shell: make\n    timeout: 5m", "7:13",
                "'timeout' stands beside 'shell'",
                "Write 'shell: {run: \"make\", timeout: 5m}'"),
            .stage("actions_on_start: [shell]", "5:28", "takes a group of keys", "{ … }"),
            .stage("actions_on_start: make", "5:27", "takes a list", "[ … ]"),
            .stage(
                "actions_on_start: [{ shel: make }]", "5:30", "unknown key 'shel'", "Did you mean 'shell'?"),
            .stage(
                "actions_on_start: [{ shell: \"  \" }]", "5:37", "this command is empty", "what sh is to run"),
            .stage(
                "actions_on_start: [{ notify: { body: '' } }]\nbody: x", "6:9", "unknown key", "Known keys"),
            .stage(
                "actions_on_start: [{ spawn: { branch: 'a b' } }]", "5:47", "cannot be a branch name",
                "Write 'a-b'"),
            .stage("success_when: { log_regex: '(' }", "5:38", "is wrong at character", "PCRE2"),
            .stage("success_when: { signal: Go }", "5:33", "can never come", "signal: go"),
            .stage("success_when: { exit_code: 0 }", "5:36", "has no shell action", "Add '- shell"),
        ] as [PolicyMistake]

    static let meaning =
        [
            .stage("triggers: { after_stage_success: build }", "5:42", "its own success", "earlier stage"),
            .stage(
                "triggers: { after_stage_success: biuld }", "5:42", "no stage 'biuld'",
                "Did you mean 'build'?"),
            PolicyMistake(
                "pipelines: [{name: ci, stages: [{name: a, success_when: {exit_code: 0}}, {name: b, triggers: {after_stage_success: a}}]}]",
                "1:69", "no 'exit_code' ever comes", "Add '- shell"),
            PolicyMistake(
                "pipelines: [{name: ci, starts_on: {exit_code: 0}, stages: [{name: a}]}]", "1:47",
                "cannot begin a run", "success_when"),
            PolicyMistake(
                "pipelines: []\ngates: [{hook: pre-push, require: [lint]}]", "2:35", "no pipeline has",
                "add one"),
            PolicyMistake("pipelines: [{name: ci}]", "1:20", "has no stages", "Add 'stages:'"),
            PolicyMistake("piplines: []", "1:1", "the policy has no 'pipelines'", "pipelines: []"),
            PolicyMistake("", "1:1", "the policy is empty", "pipelines: []"),
        ] as [PolicyMistake]

    static let all = syntax + values + meaning
}

@Suite struct PolicyMistakeTests {
    @Test(arguments: PolicyMistake.all)
    func everyMistakeHasAPlaceAndASuggestion(_ mistake: PolicyMistake) throws {
        let problems = PolicyFile.check(mistake.text, file: "p.yaml")
        let shown = problems.map(\.rendered).joined(separator: "\n")
        let problem = try #require(
            problems.first { $0.severity == .error && $0.message.contains(mistake.message) }, "\(shown)")
        #expect("\(problem.position)" == "p.yaml:\(mistake.place)", "\(shown)")
        #expect(problem.suggestion?.contains(mistake.suggestion) == true, "\(shown)")
        for problem in problems where problem.severity == .error {
            #expect(problem.suggestion?.isEmpty == false, "\(problem.rendered)")
        }
    }

    /// A stage that only waits for one that cannot succeed.
    @Test func whatCanNeverStartIsSaidWithAWayOut() throws {
        let text = """
            pipelines:
              - name: ci
                stages:
                  - { name: a, success_when: { exit_code: 0 } }
                  - { name: b, triggers: { after_stage_success: a } }
            """
        let problem = try #require(
            PolicyFile.check(text, file: "p.yaml").first { $0.message.contains("can never start") })
        #expect("\(problem.position)" == "p.yaml:5:17")
        #expect(problem.suggestion?.contains("remove 'triggers'") == true)
    }

    @Test func theTableIsLong() { #expect(PolicyMistake.all.count >= 40) }
}
