import Core
import Testing

@Suite("Explanations of runs")
struct PolicyExplanationTests {
    static let stages = [
        Stage(name: "lint", successWhen: .all([.signal("a"), .signal("b")]), timeout: .seconds(600)),
        Stage(
            name: "ship", triggers: .signal("go"), approval: ApprovalRequest(expires: .seconds(60)),
            actionsOnStart: [.sh("ship")]),
    ]

    private func lines(_ bench: PolicyBench) -> [String] {
        bench.run.map {
            PolicyExplanation(of: $0, in: bench.machine.policy).lines.map {
                "\($0.stage) \($0.state.rawValue): \($0.text)"
            }
        } ?? []
    }

    @Test("Each stage says what it waits for now")
    func waiting() throws {
        var bench = PolicyBench(Self.stages)
        #expect(
            lines(bench) == [
                "lint RUNNING: succeeds on signal a and signal b; fails at 1970-01-01T00:26:40.000Z",
                "ship IDLE: waits until stage 'lint' is done",
            ])
        bench.named("a")
        #expect(lines(bench)[0].contains("(seen: signal a)"))
        bench.named("b")
        #expect(
            lines(bench) == [
                "lint COMPLETED: signal a and signal 'b'", "ship WAITING_TRIGGER: waits for signal go",
            ])
        bench.named("go")
        let question = try #require(bench.questions.first)
        #expect(
            lines(bench)[1]
                == "ship WAITING_APPROVAL: waits for an answer to approval \(question.id); without one it is rejected at 1970-01-01T00:17:40.000Z"
        )
        bench.answer(.approve)
        #expect(
            lines(bench)[1] == "ship RUNNING: waits for action 1 of 1; succeeds when its actions are done")
    }

    @Test("The column of a table names the stage that counts")
    func column() {
        #expect(PolicyExplanation.column(for: []) == nil)
        var bench = PolicyBench([Stage(name: "ship", approval: ApprovalRequest(), actionsOnStart: [.sh("x")])]
        )
        #expect(PolicyExplanation.column(for: bench.machine.runs) == "ship WAITING_APPROVAL")
        bench.answer(.approve)
        #expect(PolicyExplanation.column(for: bench.machine.runs) == "ship RUNNING")
        bench.ended(exit: 1)
        #expect(PolicyExplanation.column(for: bench.machine.runs) == "ship FAILED")
        bench.send(.retry(pipeline: nil))
        bench.ended(exit: 0)
        #expect(PolicyExplanation.column(for: bench.machine.runs) == "completed")
    }

    @Test("Text from a pane is made visible and cut in reasons")
    func untrustedText() throws {
        var bench = PolicyBench([Stage(name: "s", successWhen: try .log("bell"))])
        bench.lines("bell \u{1b}[31m" + String(repeating: "x", count: 500))
        #expect(bench.reason().contains(#"\e[31m"#))
        #expect(bench.reason().count < 200)
    }

    static let globs: [(String, String, Bool)] = [
        ("*", "a/b", true), ("feature/*", "feature/a/b", true), ("feature/*", "features/a", false),
        ("f?x", "fix", true), ("f?x", "fx", false), ("[a-c]*", "b1", true), ("[!a-c]*", "b1", false),
        ("a\\*", "a*", true), ("a\\*", "ab", false), ("", "", true), ("", "a", false), ("[", "[", true),
        ("*a*a*a*a*b", String(repeating: "a", count: 200), false), ("日*", "日本", true),
    ]

    @Test("Globs of branches cross slashes", arguments: globs)
    func branchGlobs(pattern: String, text: String, fits: Bool) {
        #expect(Glob.branch(pattern).matches(text) == fits)
    }

    static let paths: [(String, String, Bool)] = [
        ("*.swift", "Sources/a/b.swift", true), ("Sources/*.swift", "Sources/a/b.swift", false),
        ("Sources/**", "Sources/a/b.swift", true), ("Sources/", "Sources/a/b.swift", true),
        ("Sources/", "Other/Sources/a", false), ("**/b.swift", "b.swift", true),
        ("**/b.swift", "ab.swift", false),
        ("Sources/**/b.swift", "Sources/b.swift", true), ("Sources/**/b.swift", "Sources/x/y/b.swift", true),
        ("Sources/**/b.swift", "Sources/xb.swift", false), ("a?c", "a/c", false),
    ]

    @Test("Globs of paths know folders", arguments: paths)
    func pathGlobs(pattern: String, path: String, fits: Bool) {
        #expect(Glob.pathMatches(pattern, path) == fits)
    }
}
