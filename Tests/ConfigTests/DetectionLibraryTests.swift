import Config
import Core
import Foundation
import SystemPackage
import TestSupport
import Testing

/// A fleet's own detection rules.
struct DetectionLibraryTests {
    static func load(_ files: [String: String]) async throws -> DetectionLibrary {
        try await withTemporaryFolder { folder in
            for (name, text) in files {
                try text.write(toFile: folder.appending(name).string, atomically: true, encoding: .utf8)
            }
            return try DetectionLibrary.load(folder: folder, shownAs: "detect")
        }
    }

    static func judge(_ library: DetectionLibrary, _ kind: AgentKind, _ rows: [String]) throws -> Detection {
        try #require(library.rules(of: kind)).judge(ScreenView(rows: rows, title: "", cursorRow: 0))
    }

    @Test func aFileReplacesRulesByNameAndAddsOthers() async throws {
        let own = """
            kind: claude
            seen_on: "ours"
            programs: [claude-wrapper]
            rules:
              - { name: prompt, state: idle, priority: 10, region: screen, all: ['READY'] }
              - { name: our build, state: waiting, waiting_for: question, priority: 500, region: screen, all: ['Build now\\?'] }
            dialogs:
              - { name: our build, waiting_for: question, region: screen, all: ['Build now\\?'] }
            without: [spinner]
            """
        let library = try await Self.load(["a.yaml": own, "notes.txt": "no rules"])
        #expect(library.failures.isEmpty && library.warnings.isEmpty)
        let rules = try #require(library.rules(of: .claude))
        #expect(rules.seenOn == "ours")
        #expect(library.kind(ofProgram: "/opt/claude-wrapper") == .claude)
        #expect(rules.rules.filter { $0.name == "prompt" }.count == 1)
        #expect(!rules.rules.contains { $0.name == "spinner" })
        #expect(rules.rules.contains { $0.name == "permission" })
        #expect(try Self.judge(library, .claude, ["READY"]).state == .idle)
        #expect(try Self.judge(library, .claude, ["READY", "Build now?"]).waitingFor == .question)
        #expect(library.dialogIDs.contains("claude-our-build") && library.dialogIDs.contains("claude-trust"))
        #expect(library.origin(of: "our build", kind: .claude) == "detect/a.yaml")
        #expect(library.origin(of: "permission", kind: .claude) == nil)
    }

    @Test func aKindOfItsOwnNeedsNoBuiltInRules() async throws {
        let library = try await Self.load([
            "goose.yaml": """
            kind: goose
            programs: [goose]
            rules: [{ name: prompt, state: idle, priority: 1, region: screen, all: ['^goose>'] }]
            """
        ])
        #expect(try Self.judge(library, AgentKind("goose"), ["goose> "]).state == .idle)
        #expect(library.kind(ofProgram: "goose") == AgentKind("goose"))
        #expect(
            AgentKind.guessed(fromCommand: "env A=1 goose run", others: ["goose": AgentKind("goose")])
                .rawValue == "goose")
    }

    static let faults: [(text: String, messages: [String])] = [
        (
            "kind: claude\nrules: [{name: a, state: idel, region: screen, all: ['x']}]",
            ["detect/a.yaml:2:26: error: 'state' cannot be 'idel'"]
        ),
        (
            "kind: claude\nrules: [{name: a, state: idle, regions: screen, all: ['x']}]",
            ["detect/a.yaml:2:32: error: unknown key 'regions'"]
        ),
        (
            "kind: claude\nrules: [{name: a, state: idle, all: ['x(']}]",
            ["detect/a.yaml:2:38: error: Invalid regular expression"]
        ),
        (
            "kind: claude\nrules: [{name: a, state: idle, all: ['(a+)+$']}]",
            ["detect/a.yaml:2:38: error: the regular expression '(a+)+$' needs far too many steps"]
        ),
        (
            "kind: claude\nrules: [{name: a, state: idle, waiting_for: trust, all: ['x']}]",
            ["detect/a.yaml:2:32: error: rule 'a' says what is waited for"]
        ),
        (
            "kind: claude\nrules:\n- {name: a, state: idle, all: [x]}\n- {name: a, state: idle, all: [y]}",
            ["detect/a.yaml:4:10: error: there are two rules named 'a'; the first is in line 3"]
        ),
        (
            "kind: claude\ndialogs: [{name: d, waiting_for: trust}]",
            ["detect/a.yaml:2:11: error: dialog 'd' has no condition"]
        ),
        (
            "kind: claude\nwithout: [spiner]",
            ["detect/a.yaml:2:11: error: there is no rule or dialog of claude 'spiner'"]
        ),
        ("kind: claude\nrules: [{name: a, state: idle, all: [{bottm: x}]}]", ["there is no region 'bottm'"]),
        ("rules: []", ["detection rules has no 'kind'"]),
        ("kind: [", ["detect/a.yaml:"]),
    ]

    @Test(arguments: 0..<faults.count)
    func aFaultIsSaidWithItsPlaceAndTheOtherFilesCount(_ number: Int) async throws {
        let (text, messages) = Self.faults[number]
        let good = "kind: goose\nrules: [{ name: prompt, state: idle, region: screen, all: ['x'] }]"
        let library = try await Self.load(["a.yaml": text, "b.yaml": good])
        let said = try #require(library.failures.first).message
        for message in messages { #expect(said.contains(message), "\(said)") }
        #expect(library.rules(of: AgentKind("goose")) != nil)
        #expect(library.rules(of: .claude)?.rules.contains { $0.name == "spinner" } == true)
    }

    @Test func theExampleOfThePageIsReadable() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/formats.md"), encoding: .utf8)
        let block = try #require(
            page.components(separatedBy: "```yaml\n").first { $0.hasPrefix("kind: claude") }?
                .components(separatedBy: "\n```").first)
        let library = try await Self.load(["page.yaml": block + "\n"])
        #expect(library.failures == [])
        #expect(library.dialogIDs.contains("claude-our-build-question"))
    }

    @Test func builtInRulesStayWithinTheLimitsForOwnOnes() throws {
        for rules in try DetectionFile.builtIn() {
            #expect(rules.rules.count <= 200)
            for dialog in rules.dialogIDs { #expect(!dialog.contains(" ")) }
        }
    }

    @Test func aPolicyThatNamesADialogNobodyKnowsIsRefused() {
        let text =
            "pipelines: []\ndialogs:\n- { rule: claude-trsut, option: Go, branch: x, match: { branch: y } }\n- { rule: \"codex-*\", option: \"Yes, proceed\" }"
        let problems = PolicyFile.check(text, file: "p.yaml").map(\.rendered)
        #expect(
            problems == [
                "p.yaml:3:11: error: no detection rule recognises a dialog 'claude-trsut'\n    hint: Did you mean 'claude-trust'?",
                "p.yaml:3:37: error: this dialog rule has both 'branch' and 'match'\n    hint: Write the branch into 'match'",
            ])
        let own = PolicyFile.check(
            "pipelines: []\ndialogs: [{ rule: goose-go, option: \"Go\", branch: \"feature/*\" }]",
            file: "p.yaml",
            context: .init(dialogs: ["goose-go"]))
        #expect(own.isEmpty)
    }
}
