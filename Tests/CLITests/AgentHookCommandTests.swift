import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// The hooks that agents' programs call, and how they get into their settings.
@Suite(.timeLimit(.minutes(1)))
struct AgentHookCommandTests {
    static let agent = ["TMUX_AGENT_ID": "agent-1"]

    private static func hookFile(_ fleet: FleetFixture) -> FilePath {
        fleet.root.appending(".git/tmux-agent/agent-hooks")
    }

    @Test func aHookNeverFailsAndSaysNothing() async throws {
        try await withFleetFixture { fleet in
            let inside = Self.agent.merging(["TMUX_AGENT_FLEET": fleet.root.string]) { $1 }
            let deep = String(repeating: "[", count: 5000)
            let wrong: [(arguments: [String], input: String?, variables: [String: String])] = [
                (["hook", "claude"], "not json", inside), (["hook", "claude"], "", inside),
                (["hook", "claude"], deep, inside), (["hook", "unheard-of"], "{}", inside),
                (["hook", "claude", "--what"], "{}", inside), (["hook", "codex"], nil, inside),
                (["hook", "codex", "{"], nil, inside),
                (["hook", "claude"], #"{"hook_event_name":"Stop"}"#, [:]),
                (["hook", "claude"], #"{"hook_event_name":"Stop"}"#, Self.agent),
                (
                    ["hook", "claude"], #"{"hook_event_name":"Stop"}"#,
                    Self.agent.merging(["TMUX_AGENT_FLEET": "/nowhere"]) { $1 }
                ),
                (
                    ["hook", "claude"], #"{"hook_event_name":"Stop"}"#,
                    ["TMUX_AGENT_ID": "a\tb\nc", "TMUX_AGENT_FLEET": fleet.root.string]
                ),
            ]
            for (arguments, input, variables) in wrong {
                let outcome = try await fleet.run(arguments, input: input, adding: variables)
                #expect(
                    outcome.status == 0 && outcome.stdout.isEmpty && outcome.stderr.isEmpty, "\(arguments)")
            }
            #expect(Files.size(Self.hookFile(fleet)) == nil)
            _ = try await fleet.run(
                ["hook", "claude"], input: #"{"hook_event_name":"Stop"}"#, in: fleet.folder, adding: inside)
            let line = try #require(try Files.readText(Self.hookFile(fleet)))
            #expect(line.hasPrefix("claude\tagent-1\t") && line.hasSuffix("\t{\"event\":\"Stop\"}\n"))
        }
    }

    @Test func anInputWithoutAnEndEndsTheHookInTime() async throws {
        try await withFleetFixture { fleet in
            let clock = ContinuousClock()
            let start = clock.now
            let outcome = try await fleet.shell(
                "exec 3< <(sleep 61); TMUX_AGENT_ID=a TMUX_AGENT_FLEET=\(fleet.root) \"$1\" hook claude <&3; status=$?; kill $!; exit $status"
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(clock.now - start < .seconds(30))
        }
    }

    @Test func somebodyElsesProgramIsRunAfterwards() async throws {
        try await withFleetFixture { fleet in
            let other = fleet.folder.appending("other.sh")
            try Files.write("printf '%s|' \"$@\" >'\(fleet.folder)/told'; exit 7\n", to: other)
            let json = #"{"type":"agent-turn-complete","last-assistant-message":"fine"}"#
            let variables = Self.agent.merging(["TMUX_AGENT_FLEET": fleet.root.string]) { $1 }
            let outcome = try await fleet.run(
                ["hook", "codex", "--then", "sh", other.string, "--flag", json], adding: variables)
            #expect(outcome.status == 7)
            #expect(try Files.readText(fleet.folder.appending("told")) == "--flag|\(json)|")
            #expect(try Files.readText(Self.hookFile(fleet))?.contains("agent-turn-complete") == true)
        }
    }

    static let claudeSettings = [
        "", "\n",
        "{}", "{\n}\n", "\u{feff}{\n  \"model\": \"opus\"\n}",
        "{\"permissions\":{\"allow\":[\"Bash(ls:*)\"]},\"hooks\":{}}",
        """
        {
        \t// what I like
        \t"model": "opus", /* for now */
        \t"hooks": {
        \t\t"Stop": [
        \t\t\t{ "hooks": [ { "type": "command", "command": "say done" } ] }, // keep
        \t\t],
        \t\t"PreToolUse": [{"matcher":"Bash","hooks":[{"type":"command","command":"check.sh \\"x\\""}]}]
        \t},
        \t"env": {"A": "1"},
        }

        """,
        "{\r\n   \"hooks\" : { \"Notification\" : [ ] } ,\r\n   \"z\":1\r\n}\r\n",
    ]

    @Test(arguments: 0..<claudeSettings.count)
    func claudesSettingsKeepWhatTheyHaveAndComeBack(_ number: Int) async throws {
        let text = Self.claudeSettings[number]
        try await withFleetFixture { fleet in
            let file = fleet.folder.appending("user/.claude/settings.json")
            try fleet.makeFolder(file.removingLastComponent().string)
            try fleet.write(text, to: file.string, mode: FilePermissions(rawValue: 0o640))
            let installed = try await fleet.run("hooks", "install", "claude", "--json")
            #expect(try installed.json["hooks"]?.array?.first?["state"] == "installed", "\(installed)")
            let changed = try #require(try Files.readText(file))
            let outline = try JSONOutline.read(Array(changed.utf8))
            for event in ["UserPromptSubmit", "PreToolUse", "PermissionRequest", "Notification", "Stop"] {
                let groups = try #require(outline["hooks"]?[event]?.elements, "\(event)")
                let command = groups.last?["hooks"]?.elements?.last?["command"]?.string
                #expect(command?.contains("hook claude") == true, "\(event)")
            }
            for line in text.split(separator: "\n")
            where line.contains("say done") || line.contains("check.sh") {
                #expect(changed.contains(line.prefix { $0 != "]" }), "\(changed)")
            }
            #expect(
                try await fleet.run("hooks", "install", "claude", "--json").json["hooks"]?.array?.first?[
                    "state"] == "kept")
            #expect(try Files.readText(file) == changed)
            #expect(
                try await fleet.run("hooks", "status", "claude", "--json").json["hooks"]?.array?.first?[
                    "state"] == "installed")
            try await fleet.succeed("hooks", "uninstall", "claude")
            #expect(try Files.readText(file) == text)
            var info = stat()
            #expect(stat(file.string, &info) == 0 && info.st_mode & 0o777 == 0o640)
            #expect(
                try await fleet.run("hooks", "uninstall", "claude", "--json").json["hooks"]?.array?.first?[
                    "state"] == "absent")
        }
    }

    @Test func anEditInBetweenStaysAndALinkStaysALink() async throws {
        try await withFleetFixture { fleet in
            let real = fleet.folder.appending("dotfiles.json")
            let link = fleet.folder.appending("user/.claude/settings.json")
            try fleet.makeFolder(link.removingLastComponent().string)
            try fleet.write("{\n  \"a\": 1\n}\n", to: real.string)
            try #require(symlink("../../dotfiles.json", link.string) == 0)
            try await fleet.succeed("hooks", "install", "claude")
            let changed = try #require(try Files.readText(real))
            try fleet.write(changed.replacing("\"a\": 1", with: "\"a\": 2, \"b\": [3]"), to: real.string)
            try await fleet.succeed("hooks", "uninstall", "claude")
            #expect(try Files.readText(real) == "{\n  \"a\": 2, \"b\": [3]\n}\n")
            #expect(Files.linkTarget(link) == "../../dotfiles.json")
        }
    }

    @Test func aFileThatWasNotThereGoesAgainAndScopesAreFilesOfTheCheckout() async throws {
        try await withFleetFixture { fleet in
            for (scope, path) in [
                ("project", fleet.root.appending(".claude/settings.json")),
                ("local", fleet.root.appending(".claude/settings.local.json")),
            ] {
                try await fleet.succeed("hooks", "install", "claude", "--scope", scope)
                #expect(try JSONOutline.read(try #require(try Files.read(path)))["hooks"]?["Stop"] != nil)
                try await fleet.succeed("hooks", "uninstall", "claude", "--scope", scope)
                #expect(!Files.exists(path))
            }
        }
    }

    @Test(arguments: [
        ("{\n  \"hooks\": [1]\n}", "settings.json:2:12: 'hooks' must be an object of events"),
        ("{\n  \"hooks\": {\"Stop\": {}}\n}", "settings.json:2:21: 'Stop' must be a list"),
        ("{\n  \"a\": 1\n  \"b\": 2\n}", "settings.json:3:3:"), ("[]", "the settings must be an object"),
        ("{\"a\": \"", "settings.json:1:7:"),
    ])
    func settingsThatCannotBeUnderstoodAreLeftAsTheyAre(_ text: String, _ words: String) async throws {
        try await withFleetFixture { fleet in
            let file = fleet.folder.appending("user/.claude/settings.json")
            try fleet.makeFolder(file.removingLastComponent().string)
            try fleet.write(text, to: file.string)
            let outcome = try await fleet.run("hooks", "install", "claude")
            #expect(outcome.status == 78 && outcome.stderr.contains(words), "\(outcome)")
            #expect(try Files.readText(file) == text)
        }
    }

    static let codexSettings = [
        "", "model = \"gpt\"\n", "# mine\nmodel = \"gpt\"\n[tui]\nx = 1",
        "notify = [\n  \"python3\", # a comment\n  \"/x/notify.py\",\n]\n[projects.\"/a\"]\ntrust_level = \"trusted\"\n",
        "notify=[ 'sh','-c' ]\n\n[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = \"command\"\ncommand = \"mine\"\n",
        "notify = []\n", "hooks = { Stop = [] }\n",
    ]

    @Test(arguments: 0..<codexSettings.count)
    func codexSettingsKeepWhatTheyHaveAndComeBack(_ number: Int) async throws {
        let text = Self.codexSettings[number]
        try await withFleetFixture { fleet in
            let file = fleet.folder.appending("user/.codex/config.toml")
            try fleet.makeFolder(file.removingLastComponent().string)
            try fleet.write(text, to: file.string)
            let first = try await fleet.run("hooks", "install", "codex", "--json")
            #expect(try first.json["hooks"]?.array?.first?["state"] == "installed", "\(first)")
            let changed = try #require(try Files.readText(file))
            #expect(changed.contains("\"hook\", \"codex\""), "\(changed)")
            #expect(
                changed.contains("[[hooks.UserPromptSubmit]]") == !text.contains("hooks = {"), "\(changed)")
            let isChained = text.contains("python3") || text.contains("'sh'")
            #expect(changed.contains("\"--then\", ") == isChained, "\(changed)")
            for line in text.split(separator: "\n") where !line.contains("notify") {
                #expect(changed.contains(line), "\(changed)")
            }
            let second = try await fleet.run("hooks", "install", "codex", "--json")
            #expect(try second.json["hooks"]?.array?.first?["state"] == "kept")
            try await fleet.succeed("hooks", "uninstall", "codex")
            #expect(try Files.readText(file) == text)
        }
    }

    @Test func codexSettingsThatSomebodyEditedLoseOnlyOurs() async throws {
        try await withFleetFixture { fleet in
            let file = fleet.folder.appending("user/.codex/config.toml")
            try fleet.makeFolder(file.removingLastComponent().string)
            try fleet.write("notify = [\"a\"]\nmodel = \"x\"\n", to: file.string)
            try await fleet.succeed("hooks", "install", "codex")
            let changed = try #require(try Files.readText(file))
            try fleet.write(changed.replacing("\"x\"", with: "\"y\"") + "[z]\n", to: file.string)
            try await fleet.succeed("hooks", "uninstall", "codex")
            #expect(try Files.readText(file) == "notify = [\"a\"]\nmodel = \"y\"\n[z]\n")
            // Codex writes its own settings before the last mark.
            try fleet.write("model = \"x\"\n", to: file.string)
            try await fleet.succeed("hooks", "install", "codex")
            let block = try #require(try Files.readText(file))
            let own = "[tui]\nseen = true\n"
            let last = try #require(block.ranges(of: "# tmux-agent end\n").last)
            try fleet.write(block[..<last.lowerBound] + "\n\(own)# tmux-agent end\n", to: file.string)
            try await fleet.succeed("hooks", "uninstall", "codex")
            #expect(try Files.readText(file) == "model = \"x\"\n\(own)")
            try fleet.write("notify = 3\n", to: file.string)
            let refused = try await fleet.run("hooks", "install", "codex")
            #expect(
                refused.status == 78 && refused.stderr.contains("'notify' must be a list of words"),
                "\(refused)")
        }
    }
}
