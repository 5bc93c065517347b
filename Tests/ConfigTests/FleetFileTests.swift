import Config
import Core
import SystemPackage
import Testing

@Suite struct FleetFileTests {
    private let places = Places(userHome: "/home/me")

    private func decode(
        _ text: String, places: Places? = nil
    ) throws(ConfigurationError) -> Decoded<FleetConfiguration> {
        try FleetFile.decode(
            Array(text.utf8), file: "fleet.toml", repository: "/src/shop", places: places ?? self.places)
    }

    @Test(arguments: FixtureFile.all("fleet/invalid"))
    func mistakesAreExplained(_ file: FixtureFile) throws {
        let bytes = try file.bytes
        let text = try renderedProblems(of: file) { () throws(ConfigurationError) in
            _ = try FleetFile.decode(bytes, file: file.name, repository: "/src/shop", places: places)
        }
        try file.expect(text)
    }

    @Test func anEmptyFileGivesTheDefaults() throws {
        let fleet = try decode("").value
        #expect(fleet.name == "shop")
        #expect(fleet.agent.command.text == "claude --model {model}")
        #expect(fleet.agent.model == "sonnet")
        #expect(fleet.agent.kind == .claude)
        #expect(fleet.templatesFolder == "/src/shop/.tmuxagent/templates")
        #expect(fleet.worktree.root == "/src/shop/.tmuxagent/worktrees")
        #expect(fleet.worktree.copy == [".env*"])
        #expect(fleet.worktree.link == [])
        #expect(fleet.tmux.prefix == "agent-")
        #expect(fleet.tmux.socket == nil)
        #expect((fleet.tmux.columns, fleet.tmux.rows) == (200, 50))
        #expect(fleet.stateDatabase == "/home/me/.tmux_agent/state.db")
        #expect(fleet.retention == .seconds(30 * 86_400))
        #expect(fleet.watch.policy == "/src/shop/.tmuxagent/policy.yaml")
        #expect(fleet.watch.tapLimit == 67_108_864)
        #expect(fleet.notify.channels == ["stdout"])
        #expect(fleet.dashboard.port == 8702)
        #expect(fleet.portal.port == 8787)
        #expect(!fleet.portal.isEnabled)
    }

    @Test(arguments: ["shop", "a \"b\" \\ c", "日本", "{{name}}"])
    func theFileThatInitWritesMeansTheSameAsAnEmptyOne(_ name: String) throws {
        let written = try decode(FleetConfiguration.defaultFile(name: name))
        #expect(written.warnings == [])
        var empty = try decode("").value
        empty.name = name
        #expect(written.value == empty)
        let moved = Places(userHome: "/home/me", tmuxAgentHome: "/elsewhere")
        var emptyMoved = try decode("", places: moved).value
        emptyMoved.name = name
        #expect(try decode(FleetConfiguration.defaultFile(name: name), places: moved).value == emptyMoved)
        #expect(emptyMoved.stateDatabase == "/elsewhere/state.db")
    }

    @Test func aFolderWithAnOddNameGivesAUsableFleetName() throws {
        let repository: FilePath = "/src/a\tb\nc"
        let name = FleetFile.defaultName(of: repository)
        #expect(name == "a-b-c")
        for text in ["", FleetConfiguration.defaultFile(name: name)] {
            let fleet = try FleetFile.decode(
                Array(text.utf8), file: "f", repository: repository, places: places)
            #expect(fleet.value.name == name)
        }
        #expect(FleetFile.defaultName(of: "/") == "fleet")
    }

    @Test func theFirstLineWithCommandIsTheAgents() throws {
        let lines = FleetConfiguration.defaultFile(name: "command-centre").split(separator: "\n")
        let agent = try #require(lines.firstIndex(of: "[agent]"))
        let first = try #require(lines.dropFirst(agent).firstIndex { $0.contains("command") })
        #expect(first == agent + 1)
        #expect(lines[first].hasPrefix("command = "))
        let plain = FleetConfiguration.defaultFile(name: "x").split(separator: "\n")
        #expect(plain.first { $0.contains("command") }?.hasPrefix("command = ") == true)
    }

    /// Each line `key = value # comment`, with another value, must change the outcome and nothing must be unknown.
    @Test func everyKeyOfTheWrittenFileCanBeChanged() throws {
        let other: [String: String] = [
            "name": "\"n\"", "command": "\"codex run\"", "model": "\"m\"", "templates_dir": "\"t\"",
            "kind": "\"aider\"", "env": "{ A = \"b\" }", "root": "\"w\"", "base": "\"main\"",
            "copy": "[\"x\"]",
            "link": "[\"x\"]", "setup": "[\"x\"]", "prefix": "\"p-\"", "bin": "\"/x/tmux\"",
            "socket": "\"s\"",
            "size": "\"80x24\"", "db": "\"x.db\"", "policy": "\"p.yaml\"", "approval_dir": "\"a\"",
            "bus_dir": "\"b\"", "heuristics": "true", "tap_max": "\"1MB\"", "channels": "\"tmux\"",
            "routes": "{ critical = \"tmux\" }", "quiet_hours": "\"1:00-2:00\"", "rate": "\"1/1s\"",
            "branches": "{ \"release/*\" = \"tmux\" }", "collapse": "\"5m\"", "env_file": "\"e\"",
            "host": "\"localhost\"", "port": "1234", "token_file": "\"t\"", "public_url": "\"http://x\"",
            "login": "\"always\"", "keep": "\"2w\"", "enabled": "true", "notes": "false",
        ]
        let base = try decode("").value
        var lines = FleetConfiguration.defaultFile(name: "shop").split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        var changed = 0
        for (index, line) in lines.enumerated() where !line.hasPrefix("#") && !line.hasPrefix("[") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let key = String(line[..<equals].filter { $0 != " " })
            let value = try #require(other[key], "the test knows no other value for '\(key)'")
            #expect(line.contains(" # "), "'\(key)' has no comment")
            lines[index] = "\(key) = \(value)"
            let outcome = try decode(lines.joined(separator: "\n")).value
            #expect(outcome != base, "'\(key)' changes nothing")
            lines[index] = line
            changed += 1
        }
        #expect(changed > 32)
    }

    @Test func everyCommentedSectionOfTheWrittenFileWorks() throws {
        let text = FleetConfiguration.defaultFile(name: "shop").split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { line in
            let bare = line.dropFirst(2)
            return line.hasPrefix("# [")
                || (line.hasPrefix("# ") && bare.contains(" = \"") && !bare.contains("'"))
                ? String(bare) : String(line)
        }.joined(separator: "\n")
        let fleet = try decode(text).value
        #expect(fleet.profiles["codex"]?.command.text == "codex --model {model}")
        #expect(fleet.profiles["codex"]?.model == "gpt-5-codex")
        #expect(fleet.profiles["codex"]?.kind == .codex)
        #expect(fleet.escalations["ops"]?.channels == ["wecom"])
        #expect(fleet.escalations["ops"]?.title == "Needs an operator")
    }

    @Test func everyKeyIsRead() throws {
        let file = try #require(FixtureFile.all("fleet/valid").first { $0.stem == "all-keys" })
        let fleet = try FleetFile.decode(
            try file.bytes, file: file.name, repository: "/src/shop", places: places
        ).value
        #expect(fleet.agent.kind == .shell)
        #expect(fleet.agent.environment == ["LEVEL": "3", "DEBUG": "true", "NAME": "x"])
        #expect(fleet.templatesFolder == "/src/shop/agents/templates")
        let codex = try #require(fleet.profile(named: "codex"))
        #expect(codex.kind == .codex)
        #expect(codex.environment == fleet.agent.environment)
        let plain = try #require(fleet.profile(named: "plain"))
        #expect(plain.command == fleet.agent.command)
        #expect(plain.kind == .shell)
        #expect(plain.environment["NAME"] == "y")
        #expect(fleet.profile(named: nil) == fleet.agent)
        #expect(fleet.profile(named: "gemini") == nil)
        #expect(fleet.worktree.root == "/src/shop/trees")
        #expect(fleet.worktree.base == "main")
        #expect(fleet.worktree.copy == ["a", "b/*"])
        #expect(fleet.worktree.setup == ["npm ci"])
        #expect(fleet.tmux.program == "/opt/tmux")
        #expect(fleet.tmux.socket == "agents")
        #expect(fleet.stateDatabase == "/src/shop/state/s.db")
        #expect(fleet.retention == nil)
        #expect(fleet.watch.approvals == "/home/me/approvals")
        #expect(fleet.watch.bus == "/var/bus")
        #expect(fleet.watch.tapLimit == 1 << 30)
        #expect(fleet.notify.channels == ["wecom", "stdout"])
        #expect(fleet.notify.routes == ["critical": ["desktop", "tmux"]])
        #expect(fleet.notify.quietHours?.contains(minuteOfDay: 23 * 60) == true)
        #expect(fleet.notify.quietHours?.contains(minuteOfDay: 7 * 60 + 29) == true)
        #expect(fleet.notify.quietHours?.contains(minuteOfDay: 7 * 60 + 30) == false)
        #expect(fleet.notify.rate == nil)
        #expect(
            fleet.notify.branches == [
                BranchRoute(branches: .branch("release/*"), channels: ["wecom_app"]),
                BranchRoute(
                    branches: .branch("hotfix/*"),
                    severities: ["critical": ["wecom", "tmux"], "info": ["stdout"]]),
            ])
        #expect(fleet.notify.collapse == nil)
        #expect(fleet.notify.environmentFile == "/home/me/secrets/channels.env")
        #expect(fleet.escalations["ops"]?.severity == .warning)
        #expect(fleet.summary.command == "summarise --short")
        #expect(fleet.dashboard.tokenFile == "/home/me/token")
        #expect(fleet.dashboard.publicURL == "https://fleet.example.org")
        #expect(fleet.dashboard.login == .always)
        #expect(fleet.portal.isEnabled)
        #expect(!fleet.git.notes)
        let untrusted = fleet.untrusted(places: places)
        #expect(untrusted.tmux.program == "tmux")
        #expect(untrusted.stateDatabase == places.stateDatabase)
    }

    @Test func aProfileWithAnotherProgramAndNoModelIsWarnedOf() throws {
        let decoded = try decode("[agents.codex]\ncommand = \"codex --model {model}\"\n")
        #expect(decoded.value.profiles["codex"]?.model == "sonnet")
        #expect(
            decoded.warnings.map(\.rendered) == [
                """
                fleet.toml:2:11: warning: [agents.codex] runs another program, but takes the model 'sonnet' of the default profile
                    hint: Add 'model = …' to it
                """
            ])
    }

    @Test func aKindWithoutBuiltInRulesIsWarnedOf() throws {
        let decoded = try decode("[agent]\nkind = \"cladue\"\n")
        #expect(decoded.value.agent.kind == AgentKind("cladue"))
        #expect(
            decoded.warnings.map(\.rendered) == [
                """
                fleet.toml:2:8: warning: there are no built-in rules for the kind 'cladue'
                    hint: Did you mean 'claude'?
                """
            ])
    }

    @Test func pathsAreResolved() {
        let moved = Places(userHome: "/home/me", tmuxAgentHome: "~/elsewhere/")
        #expect(moved.home == "/home/me/elsewhere")
        #expect(moved.resolve("~/.tmux_agent/state.db", relativeTo: "/r") == "/home/me/elsewhere/state.db")
        #expect(moved.resolve("~/.tmux_agent", relativeTo: "/r") == "/home/me/elsewhere")
        #expect(moved.resolve("~/.tmux_agent2/x", relativeTo: "/r") == "/home/me/.tmux_agent2/x")
        #expect(moved.resolve("a/../b", relativeTo: "/r") == "/r/b")
        #expect(moved.resolve("/abs", relativeTo: "/r") == "/abs")
        #expect(moved.resolve("~", relativeTo: "/r") == "/home/me")
        #expect(Places(userHome: "/home/me", tmuxAgentHome: "").home == "/home/me/.tmux_agent")
        #expect(places.secret == "/home/me/.tmux_agent/secret")
    }

    @Test func aMissingFileAndAFileThatIsNoneAreToldApart() throws {
        #expect(throws: ConfigurationError.notFound(file: ".tmuxagent/fleet.toml")) {
            try FleetFile.load(repository: "/nowhere-at-all", places: places)
        }
        #expect(throws: ConfigurationError.unreadable(file: "null", reason: "it is not a regular file")) {
            try ConfigurationFile.bytes(at: "/dev/null", shownAs: "null")
        }
    }
}
