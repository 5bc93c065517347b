import Config
import Core
import Foundation
import Testing

@Suite("Policy files")
struct PolicyFixtureTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Fixtures/policy")
    static let context = PolicyFile.Context(mainBranch: "main")

    static func names(_ kind: String) -> [String] {
        let files =
            (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: kind).path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.sorted()
    }

    /// Compares with the file beside; with `RECORD_SNAPSHOTS=1` writes it and fails.
    static func compare(_ text: String, with expected: URL) throws {
        if ProcessInfo.processInfo.environment["RECORD_SNAPSHOTS"] == "1" {
            try text.write(to: expected, atomically: true, encoding: .utf8)
            Issue.record("recorded \(expected.lastPathComponent)")
        } else {
            #expect(text == (try String(contentsOf: expected, encoding: .utf8)))
        }
    }

    @Test(
        "A wrong file is refused with every mistake, its place and what to write", arguments: names("invalid")
    )
    func invalid(name: String) throws {
        let file = Self.folder.appending(path: "invalid/\(name)")
        let problems = PolicyFile.check(
            try String(contentsOf: file, encoding: .utf8), file: name, context: Self.context)
        #expect(problems.contains { $0.severity == .error })
        let text = problems.map { $0.rendered + "\n" }.joined()
        try Self.compare(text, with: file.deletingPathExtension().appendingPathExtension("expected"))
    }

    @Test("A right file means what it says", arguments: names("valid"))
    func valid(name: String) throws {
        let file = Self.folder.appending(path: "valid/\(name)")
        let loaded = try PolicyFile.read(
            try String(contentsOf: file, encoding: .utf8), file: name, context: Self.context)
        let text = PolicyDump.text(loaded.policy) + loaded.warnings.map { $0.rendered + "\n" }.joined()
        try Self.compare(text, with: file.deletingPathExtension().appendingPathExtension("expected"))
    }

    @Test("There are fixtures to look at")
    func fixturesExist() {
        #expect(Self.names("invalid").count >= 20)
        #expect(Self.names("valid").count >= 4)
    }

    @Test("Outside a fleet, a stage without success_when hides those behind it")
    func classicWarning() throws {
        let text = "pipelines: [{name: ci, stages: [{name: a}, {name: b, success_when: {signal: x}}]}]"
        #expect(PolicyFile.check(text, file: "p.yaml").isEmpty)
        let problems = PolicyFile.check(text, file: "p.yaml", context: PolicyFile.Context(isClassic: true))
        #expect(problems.map(\.severity) == [.warning])
        #expect(problems.first?.message.contains("'b' is never reached") == true)
    }

    @Test("A code that fleet.toml does not route is said, with the nearest one")
    func unknownEscalation() {
        let text =
            "pipelines: [{name: ci, stages: [{name: a, on_fail: [{escalate: opps}, {escalate: lead}]}]}]"
        #expect(PolicyFile.check(text, file: "p.yaml").isEmpty)
        let known = PolicyFile.Context(escalations: ["lead", "ops"])
        let problems = PolicyFile.check(text, file: "p.yaml", context: known)
        #expect(problems.map(\.severity) == [.warning])
        #expect(problems.first?.message.contains("[escalation.opps]") == true)
        #expect(problems.first?.suggestion == "Did you mean 'ops'?")
    }

    @Test("Checking the costliest expressions takes a bounded time", .timeLimit(.minutes(1)))
    func boundedCheck() {
        let stages = (0..<20).map { "{name: s\($0), success_when: {log_regex: '^((\($0)|a+)+,?)+$'}}" }
        let text = "pipelines: [{name: ci, stages: [\(stages.joined(separator: ", "))]}]"
        #expect(PolicyFile.check(text, file: "p.yaml").count == 20)
    }
}

/// A policy in lines, for comparing.
enum PolicyDump {
    static func text(_ policy: Policy) -> String {
        var lines = policy.principles.map { "principle \($0)" }
        for pipeline in policy.pipelines {
            lines.append(
                "pipeline \(pipeline.name)\(pipeline.isRecursive ? " recursive" : "") \(pipeline.whenBusy)")
            if let match = pipeline.match { lines.append("  match \(words(match))") }
            if let startsOn = pipeline.startsOn { lines.append("  starts_on \(startsOn.words)") }
            for stage in pipeline.stages { lines += words(stage).map { "  \($0)" } }
        }
        lines += policy.dialogs.map {
            "dialog \($0.rule) -> \($0.option)" + ($0.match.map { " for \(words($0))" } ?? "")
        }
        lines += policy.gates.map { "gate \($0.hook) \($0.branch) \($0.require)" }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func words(_ match: PipelineMatch) -> String {
        switch match {
        case .any(let parts): "any(\(parts.map(words).joined(separator: ", ")))"
        case .all(let parts): "all(\(parts.map(words).joined(separator: ", ")))"
        case .entry(let entry):
            [
                ("window_name", entry.windowName?.expression), ("pane_title", entry.paneTitle?.expression),
                ("branch", entry.branch), ("template", entry.template), ("agent", entry.agent),
                ("session", entry.session), ("host", entry.host), ("checkout", entry.checkout?.rawValue),
            ].compactMap { key, value in value.map { "\(key)=\($0)" } }.joined(separator: "&")
        }
    }

    private static func words(_ stage: Stage) -> [String] {
        var lines = ["stage \(stage.name) at \(stage.position.line):\(stage.position.column)"]
        if let triggers = stage.triggers { lines.append("  triggers \(triggers.words)") }
        if let approval = stage.approval { lines.append("  approval \(words(approval))") }
        lines += stage.actionsOnStart.map { "  action \(words($0))" }
        if let success = stage.successWhen { lines.append("  success \(success.words)") }
        if let failure = stage.failWhen { lines.append("  failure \(failure.words)") }
        if let timeout = stage.timeout { lines.append("  timeout \(DurationText.text(timeout))") }
        for step in stage.failure.steps {
            switch step {
            case .retry(let plan):
                lines.append("  retry \(plan.max) after \(DurationText.text(plan.backoff)) x\(plan.factor)")
            case .askHuman(let request): lines.append("  ask \(words(request))")
            case .escalate(let code): lines.append("  escalate \(code)")
            }
        }
        if stage.failure.continues { lines.append("  continues") }
        for (name, notice) in [
            ("start", stage.notices.onStart), ("success", stage.notices.onSuccess),
            ("fail", stage.notices.onFail),
        ] {
            if let notice {
                lines.append("  on \(name) '\(notice.title)' '\(notice.body)' \(notice.severity)")
            }
        }
        return lines
    }

    private static func words(_ action: StageAction) -> String {
        switch action {
        case .notify(let notice): "notify '\(notice.title)' '\(notice.body)' \(notice.severity)"
        case .emit(let name, let payload): "emit \(name) \(JSONValue.object(payload.object).serialized())"
        case .sendKeys, .keys, .shell, .spawn: "\(action)"
        }
    }

    private static func words(_ request: ApprovalRequest) -> String {
        "'\(request.prompt ?? "")' \(request.expires.map(DurationText.text) ?? "never") \(request.onExpire) \(request.channels)"
    }
}
