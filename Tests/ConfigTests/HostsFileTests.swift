import Config
import Core
import SystemPackage
import TestSupport
import Testing

@Suite struct HostsFileTests {
    private let places = Places(userHome: "/home/me")

    @Test(arguments: FixtureFile.all("hosts/invalid"))
    func mistakesAreExplained(_ file: FixtureFile) throws {
        let bytes = try file.bytes
        let text = try renderedProblems(of: file) { () throws(ConfigurationError) in
            _ = try HostsFile.decode(bytes, file: file.name, base: "/etc/agents", places: places)
        }
        try file.expect(text)
    }

    @Test func theClassicFileIsRead() throws {
        let file = try #require(FixtureFile.all("hosts/valid").first { $0.stem == "classic" })
        let decoded = try HostsFile.decode(
            try file.bytes, file: file.name, base: "/etc/agents", places: places)
        let hosts = decoded.value
        #expect(
            decoded.warnings.map(\.rendered) == [
                """
                classic.yaml:1:1: warning: 'poll_interval_ms' has no effect: tmux reports output by itself, and nothing is polled
                    hint: Remove the line
                """
            ])
        #expect(hosts.tmuxProgram == "/usr/bin/tmux")
        #expect(hosts.stateDatabase == "/home/me/.tmux_agent/state.db")
        #expect(hosts.approvals == "/etc/agents/approvals")
        #expect(hosts.channels == ["wecom", "local_bus"])
        #expect(hosts.hosts.map(\.name) == ["local", "build", "flat"])
        let local = hosts.hosts[0]
        #expect(local.ssh == nil)
        #expect(local.socket == "default")
        #expect(local.captureLines == 500)
        let ssh = try #require(hosts.hosts[1].ssh)
        #expect(ssh.host == "build.example")
        #expect(ssh.port == 2222)
        #expect(ssh.user == "ci")
        #expect(ssh.key == "/home/me/.ssh/id_ed25519")
        #expect(ssh.timeout == .seconds(10))
        #expect(hosts.hosts[1].captureLines == 2000)
        let flat = try #require(hosts.hosts[2].ssh)
        #expect(flat.host == "flat.example")
        #expect(flat.port == nil)
        #expect(flat.timeout == .seconds(30))
        #expect(flat.key == "/etc/agents/keys/flat")
        #expect(hosts.hosts[2].filter.sessions.map(\.expression) == ["x"])
    }

    @Test func hostsOfTheOperationsPageAreRead() throws {
        let page = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .removingLastComponent().appending("docs/operations.md")
        let content = text(of: page) ?? ""
        let section = try #require(content.split(separator: "## Hosts behind ssh", maxSplits: 1).last)
        let block = try #require(section.split(separator: "```yaml\n").dropFirst().first)
        let yaml = try #require(block.split(separator: "```").first)
        let read = try HostsFile.decode(Array(yaml.utf8), file: "f", base: "/", places: places)
        #expect(read.warnings.isEmpty)
        #expect(read.value.hosts.map { $0.ssh?.host } == ["build.example.com", "gpu"])
        #expect(read.value.hosts.map { $0.ssh?.port } == [2222, nil])
    }

    @Test func noHostsMeanThisMachine() throws {
        for text in ["", "hosts: []", "hosts:\n"] {
            let hosts = try HostsFile.decode(Array(text.utf8), file: "f", base: "/", places: places).value
            #expect(hosts.hosts == [HostConfiguration(name: "local")])
        }
    }

    @Test func aFilterFindsSessionsAsTmuxWritesThem() throws {
        let filter = PaneFilter(
            sessions: [try Pattern("^proj:agent"), try Pattern("v1\\.2$")],
            names: [try Pattern("codex"), try Pattern("(?i)^claude")])
        #expect(filter.accepts(session: "proj_agent-1", window: "codex", title: ""))
        #expect(filter.accepts(session: "proj:agent-1", window: "", title: "Claude Code"))
        #expect(filter.accepts(session: "rel-v1_2", window: "", title: "codex"))
        #expect(!filter.accepts(session: "other", window: "codex", title: "codex"))
        #expect(!filter.accepts(session: "proj_agent", window: "bash", title: "my claude"))
        #expect(PaneFilter().accepts(session: "any", window: "", title: ""))
    }
}
