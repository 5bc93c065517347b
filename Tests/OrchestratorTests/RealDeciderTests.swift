import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// The run of ``EndToEndTests`` with the real programs as deciders, and a model on loopback.
///
/// `TMUX_AGENT_CLAUDE` and `TMUX_AGENT_CODEX` say where the programs are.
@Suite(.timeLimit(.minutes(5)))
struct RealDeciderTests {
    static let claude = getenv("TMUX_AGENT_CLAUDE").map { String(cString: $0) }
    static let codex = getenv("TMUX_AGENT_CODEX").map { String(cString: $0) }
    static let key = "sk-ant-api03-AAAAAAAAAAAAAAAAfake"

    @Test(.enabled(if: RealDeciderTests.claude != nil), arguments: ["json", "stream-json"])
    func claudeDecides(format: String) async throws {
        let program = try #require(Self.claude)
        let model = try LoopbackModel(ThreeTasksModel.decision)
        defer { model.stop() }
        let more = format == "json" ? "" : ", \"--verbose\""
        let decider = """
            [decider]
            command = ["\(program)", "-p", "--output-format", "\(format)"\(more)]
            timeout = 60
            env = { ANTHROPIC_BASE_URL = "\(model.url)", ANTHROPIC_API_KEY = "\(Self.key)", DISABLE_TELEMETRY = "1", DISABLE_AUTOUPDATER = "1", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = "1" }
            """
        try await EndToEndTests.run(decider) { fleet in
            let settings: JSONValue = [
                "hasCompletedOnboarding": true, "theme": "dark",
                "customApiKeyResponses": ["approved": [.string(String(Self.key.suffix(20)))]],
            ]
            try Files.write(settings.serialized(), to: fleet.folder.appending("user/.claude.json"))
        }
    }

    @Test(.enabled(if: RealDeciderTests.codex != nil))
    func codexDecides() async throws {
        let program = try #require(Self.codex)
        let model = try LoopbackModel(ThreeTasksModel.decision)
        defer { model.stop() }
        try await EndToEndTests.run("[codex]\nbin = \"\(program)\"\ntimeout = 60") { fleet in
            let folder = fleet.folder.appending("user/.codex")
            try Files.makeFolder(folder)
            let settings = """
                model = "mock"
                model_provider = "mock"
                check_for_update_on_startup = false
                [model_providers.mock]
                name = "mock"
                base_url = "\(model.url)/v1"
                wire_api = "responses"
                requires_openai_auth = false

                """
            try Files.write(settings, to: folder.appending("config.toml"))
        }
    }
}

/// What ``EndToEndTests/decider`` says, by what the prompt tells of the last command.
enum ThreeTasksModel {
    static func decision(_ prompt: String) -> String {
        let isFirst = !prompt.contains("The last command was:")
        if prompt.contains("on the branch api.") {
            return isFirst
                ? #"""
                I would do this:
                ```json
                {"summary": "writes the api", "phase": "building", "commands": [
                  {"text": "cat > api.txt <<Y # a comment\nit's \"api\"\nY\ngit add . && git commit -qm api", "risk_level": "low"},
                  {"text": "git push forbidden", "risk_level": "low"},
                  {"text": "git tag risky", "risk_level": "high", "notes": "names a release"}]}
                ```
                """# : #"{"phase":"done","commands":["tmux-agent emit STATUS --phase done"]}"#
        }
        guard prompt.contains("on the branch docs.") else { return #"{"commands":[]}"# }
        if isFirst {
            return
                #"{"commands":[{"text":"git rm -q schema.txt && git commit -qm gone","risk_level":"critical"}]}"#
        }
        return prompt.contains("The last command was: git rm")
            ? #"{"commands":[{"text":"echo docs > docs.txt && git add . && git commit -qm docs"}]}"#
            : #"{"phase":"done","commands":["tmux-agent emit STATUS --phase done"]}"#
    }
}
