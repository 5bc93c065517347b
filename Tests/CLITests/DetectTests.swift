import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// The commands that show and try the rules that read screens.
@Suite(.timeLimit(.minutes(1)))
struct DetectTests {
    static let recordings: FilePath = {
        var root = FilePath(#filePath)
        for _ in 0..<3 { root.removeLastComponent() }
        return root.appending("Tests/Fixtures/taps")
    }()

    @Test func theRecordingsAreReadRight() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let outcome = try await fleet.run("detect", "test", Self.recordings.string, "--json")
            #expect(outcome.status == 0)
            let json = try outcome.json
            #expect(json["wrong"] == 0)
            #expect(json["right"]?.integer ?? 0 >= 31)
            let checkpoint = json["checkpoints"]?.array?.first { $0["checkpoint"] == "trust_dialog" }
            #expect(checkpoint?["waiting_for"] == "trust")
        }
    }

    @Test func aWrongCheckpointIsShownAndFails() async throws {
        try await withFleetFixture { fleet in
            let folder = fleet.folder.appending("taps")
            try fleet.makeFolder(folder.string)
            try fleet.write("$ make\r\nok\r\n$ ", to: folder.appending("a.tap").string)
            func json(_ state: String, offset: Int = 14, agent: String = "shell", more: String = "") -> String
            {
                """
                {"agent": "\(agent)", "cols": 40, "rows": 5, "resizes": [], "checkpoints": [
                  {"name": "end", "offset": \(offset), "state": "\(state)"\(more)}]}
                """
            }
            let file = folder.appending("a.json").string
            try fleet.write(json("idle"), to: file)
            #expect(try await fleet.run("detect", "test", folder.string).status == 0)
            try fleet.write(json("working", more: ", \"markers\": 2"), to: file)
            let wrong = try await fleet.run("detect", "test", folder.string)
            #expect(wrong.status == 1)
            #expect(
                wrong.stdout.contains(
                    "wrong  a          end         working, 2 markers  idle, 0 markers  prompt"), "\(wrong)")
            #expect(wrong.stdout.contains("0 of 1 checkpoints are right."))
            for (text, words) in [
                (json("wrking"), "checkpoints[0]: 'wrking' is no state; did you mean 'working'?"),
                (
                    json("idle", offset: 15),
                    "checkpoints[0]: 'offset' must be a whole number between 0 and 14"
                ),
                (json("idle", agent: "cladue"), "which no rules know"), ("{", "Invalid JSON"),
                ("{\"agent\": \"shell\"}", "'cols' must be a whole number"),
            ] {
                try fleet.write(text, to: file)
                let outcome = try await fleet.run("detect", "test", folder.string)
                #expect(outcome.status == 78 && outcome.stderr.contains(words), "\(outcome)")
            }
            try fleet.makeFolder(folder.appending("empty").string)
            let none = try await fleet.run("detect", "test", folder.appending("empty").string)
            #expect(none.status == 78 && none.stderr.contains("There are no recordings in"))
        }
    }

    @Test func aFleetsOwnRulesAreShownTriedAndExplained() async throws {
        try await withFleetFixture { fleet in
            try fleet.makeFolder(".tmuxagent/detect")
            try fleet.write(
                """
                kind: shell
                rules:
                  - name: build question
                    state: waiting
                    waiting_for: question
                    priority: 90
                    region: screen
                    all: ['Build now\\?']
                """, to: ".tmuxagent/detect/shell.yaml")
            let shown = try await fleet.run("detect", "show", "shell")
            #expect(
                shown.stdout.contains(
                    "build question  waiting (question)  90        .tmuxagent/detect/shell.yaml"), "\(shown)")
            let list = try await fleet.run("detect", "list", "--json").json
            #expect(list["kinds"]?.array?.count == AgentKind.known.count)
            try fleet.write("$ make\r\nBuild now?", to: "a.tap")
            let arguments = ["inspect", "a.tap", "--size", "40x5", "--kind", "shell", "--explain"]
            let explained = try await fleet.run(arguments)
            for line in [
                "holds  build question: waiting for question, priority 90",
                "screen row 1 'Build now?' found by Build now\\? (must be there)",
                "no     prompt: idle, priority 50",
                "'build question' has the highest priority (90) of the rules that hold, before 'output' (10)",
            ] {
                #expect(explained.stdout.contains(line), "\(explained)")
            }
            let json = try await fleet.run(arguments + ["--json"]).json
            #expect(json["state"] == "waiting" && json["waiting_for"] == "question")
            let rules = try #require(json["explanation"]?["rules"]?.array)
            #expect(rules.first?["holds"] == true)
            #expect(rules.first?["conditions"]?.array?.first?["row"] == 1)
            try fleet.write(
                "kind: shell\nrules: [{name: x, stat: idle}]\n", to: ".tmuxagent/detect/shell.yaml")
            let broken = try await fleet.run("detect", "list")
            #expect(broken.status == 0)
            #expect(
                broken.stderr.contains(".tmuxagent/detect/shell.yaml:2:9: error: rule 'x' has no 'state'"),
                "\(broken)")
            let unknown = try await fleet.run("detect", "show", "cladue")
            #expect(unknown.status == 64 && unknown.stderr.contains("did you mean 'claude'?"))
        }
    }

    @Test func aTrustDialogIsExplainedWithItsOptions() async throws {
        try await withFleetFixture(scripts: nil) { fleet in
            let tap = Self.recordings.appending("claude-trust.tap").string
            let json = try await fleet.run(
                "inspect", tap, "--size", "100x30", "--kind", "claude", "--explain", "--json"
            ).json
            let dialog = json["explanation"]?["dialog"]
            #expect(dialog?["rule"] == "claude-trust")
            #expect(
                dialog?["options"]?.array?.map { $0["text"] } == ["No, exit", "Yes, I trust this folder"])
        }
    }
}
