import Config
import Core
import Fleet
import GitKit
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing
import TmuxKit

struct SpawnTests {
    @Test func anAgentHasABranchAWorktreeAndASessionThatItsProgramRunsIn() async throws {
        try await withFleet { fleet in
            let result = try await fleet.spawn("feature/x", startup: "unset NOTHING; env; pwd; exec cat")
            #expect(result.outcome == .started)
            #expect(result.madeBranch)
            let agent = result.agent
            #expect(agent.place.worktree == fleet.worktrees.appending("feature-x"))
            #expect(
                try await fleet.git.git("rev-parse", "--abbrev-ref", "HEAD", in: agent.place.worktree)
                    == "feature/x")
            let pane = try #require(try await fleet.server.pane(of: agent.id))
            #expect(pane.session.rawValue == "agent-feature-x")
            #expect(try await fleet.server.watchablePanes().first?.pane.windowName == "agent:feature-x")
            let tap = try #require(agent.tap)
            #expect(
                try await eventually { tap.text?.contains(agent.place.worktree.string + "\r\n") ?? false })
            let shown = try #require(tap.text)
            for line in [
                "AI_AGENT_BRANCH=feature/x", "TMUX_AGENT_ID=\(agent.id)", "TMUX_AGENT_FLEET=\(fleet.root)",
            ] {
                #expect(shown.contains(line))
            }
        }
    }

    @Test func spawningALivingAgentChangesNothing() async throws {
        try await withFleet { fleet in
            let first = try await fleet.spawn("a")
            let before = try await fleet.trace()
            let again = try await fleet.spawn("a", task: "something else")
            #expect(again.outcome == .alreadyRunning)
            #expect(again.agent.id == first.agent.id)
            #expect(again.agent.generation == 1)
            #expect(try await fleet.trace() == before)
        }
    }

    @Test(arguments: [true, false])
    func aDeadAgentStartsAgainInItsWorktree(paneIsKept: Bool) async throws {
        try await withFleet { fleet in
            let first = try await fleet.spawn("a", startup: "exec sh")
            try Files.write("kept", to: first.agent.place.worktree.appending("note"))
            let pane = try #require(try await fleet.server.pane(of: first.agent.id))
            if paneIsKept {
                #expect(endProcess(pane.pid))
                #expect(
                    try await eventually { try await fleet.server.pane(of: first.agent.id)?.isDead ?? false })
            } else {
                try await fleet.tmux.tmux("kill-session", "-t", "=agent-a")
            }
            let again = try await fleet.spawn("a", startup: nil)
            #expect(again.outcome == .restarted)
            #expect(again.agent.id == first.agent.id)
            // What `--startup` said, not what fleet.toml says.
            #expect(again.agent.program.command == "exec sh")
            #expect(again.agent.generation == 2)
            let now = try #require(try await fleet.server.pane(of: first.agent.id))
            #expect(!now.isDead)
            #expect((now.address == pane.address) == paneIsKept)
            #expect(ProcessTable.process(now.pid)?.name == "sh")
            #expect(first.agent.place.worktree.appending("note").text == "kept")
        }
    }

    @Test func aDeadAgentWhoseFolderIsGoneGetsItBackFromTheBranch() async throws {
        try await withFleet { fleet in
            let agent = try await fleet.spawn("a").agent
            try await fleet.git.shell("cd .tmuxagent/worktrees/a; echo more >>README; git commit -qam 'More'")
            try await fleet.tmux.tmux("kill-session", "-t", "=agent-a")
            removeTree(agent.place.worktree)
            let again = try await fleet.spawn("a")
            #expect(again.outcome == .restarted)
            #expect(again.warnings.count == 1)
            #expect(agent.place.worktree.appending("README").text == "read me\nmore\n")
        }
    }

    @Test func eightSpawnsAtOnceAllSucceed() async throws {
        try await withFleet { fleet in
            // Two pairs share a slug.
            let branches = ["one", "two", "f/x", "f-x", "f/y", "f.y", "seven", "八"]
            let results = try await withThrowingTaskGroup(of: CommandResult.self) { group in
                for branch in branches {
                    group.addTask { try await fleet.run("spawn", branch, "--json") }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for result in results { #expect(result.isSuccess, "\(result.errorText)") }
            let agents = try await fleet.context().store.agents()
            #expect(Set(agents.map(\.place.branch)) == Set(branches))
            #expect(Set(agents.map(\.place.worktree)).count == 8)
            #expect(try await fleet.server.panes().count { $0.agent != nil && !$0.isDead } == 8)
            #expect(try await fleet.doctor().remaining.map(\.problem) == [])
        }
    }

    @Test func copiedAndLinkedFilesAreNoWorkOfTheAgent() async throws {
        let settings = """
            [agent]
            command = "cat"
            kind = "shell"
            [worktree]
            copy = [".env*"]
            link = ["node_modules"]
            """
        try await withFleet(settings: settings) { fleet in
            try await fleet.git.shell(
                """
                printf 'node_modules/\\n.tmuxagent/\\n' >.gitignore; git add .gitignore; git commit -qm 'Ignore'
                echo .env >>.git/info/exclude
                mkdir node_modules; echo x >node_modules/x; echo SECRET=1 >.env
                """)
            let result = try await fleet.spawn("a")
            #expect(result.copied == [".env"])
            #expect(result.linked == ["node_modules/"])
            #expect(result.agent.place.worktree.appending(".env").text == "SECRET=1\n")
            // The rule `node_modules/` does not match a link of that name: git calls it untracked.
            let removal = try await fleet.remove("a")
            #expect(removal.deletedBranch)
            #expect(fleet.root.appending("node_modules").appending("x").text == "x\n")
        }
    }

    @Test(.enabled("a disk of its own needs a user namespace", hasNamespaces))
    func copiesCrossFileSystemsAndKeepTheirModes() async throws {
        let settings = "[agent]\ncommand = \"cat\"\n[worktree]\ncopy = [\".env*\", \"cache\"]\n"
        try await withFleet(settings: settings) { fleet in
            try await fleet.git.shell(
                """
                printf '.env\\ncache/\\n' >>.git/info/exclude
                echo SECRET=1 >.env; chmod 600 .env
                mkdir -p cache/package; head -c 300000 /dev/urandom >cache/package/data; chmod 555 cache/package
                """)
            // Who may do everything to every file would not be stopped by a mode.
            let result = try await fleet.runOnOwnDisk(
                """
                plain='setpriv --bounding-set=-dac_override,-dac_read_search'
                $plain "$2" spawn a --quiet >&2 || exit
                cat "$1/a/.env"; stat -c %a "$1/a/.env" "$1/a/cache/package"
                cmp cache/package/data "$1/a/cache/package/data" && $plain "$2" rm a --quiet >&2 && ls -A "$1"
                """)
            #expect(result.isSuccess, "\(result.errorText)")
            #expect(result.text == "SECRET=1\n600\n555\n", "\(result.text) \(result.errorText)")
        }
    }

    @Test func setupRunsInTheWorktreeOnceSomebodyAgreed() async throws {
        let settings = """
            [agent]
            command = "cat"
            kind = "shell"
            [worktree]
            setup = ["echo $AI_AGENT_BRANCH >made"]
            """
        try await withFleet(settings: settings) { fleet in
            await #expect(throws: FleetError.setupNeedsConsent(commands: ["echo $AI_AGENT_BRANCH >made"])) {
                try await fleet.spawn("a")
            }
            let first = try await fleet.spawn("a") { $0.agreesToSetup = true }
            #expect(first.agent.place.worktree.appending("made").text == "a\n")
            let second = try await fleet.spawn("b")
            #expect(second.agent.place.worktree.appending("made").text == "b\n")
        }
    }

    @Test func aBareRepositoryHasAgentsToo() async throws {
        try await withFleet { fleet in
            let bare = fleet.tmux.folder.appending("bare.git")
            try await fleet.git.git("clone", "-q", "--bare", fleet.root.string, bare.string)
            let surroundings = fleet.surroundings(in: bare)
            _ = try await Initializer(surroundings: surroundings).initialize(templates: [])
            try Files.write(
                text(of: fleet.root.pushing(".tmuxagent/fleet.toml")) ?? "",
                to: bare.pushing(".tmuxagent/fleet.toml"))
            let context = try await FleetContext.open(surroundings)
            let result = try await Spawner(context: context).spawn(SpawnRequest(branch: "a"))
            #expect(result.agent.place.worktree.appending("README").text == "read me\n")
            #expect(try await Doctor(surroundings: surroundings).examine(fixing: false).isWell)
            let removal = try await Remover(context: context).remove(RemovalRequest(name: "a"))
            #expect(removal.deletedBranch)
            await #expect(throws: FleetError.noMainCheckout) {
                try await Spawner(context: context)
                    .spawn(SpawnRequest(branch: "main", usesMainCheckout: true))
            }
        }
    }

    @Test func somebodyElsesTmuxIsNotTouched() async throws {
        try await withFleet { fleet in
            let theirs = fleet.tmux.folder.appending("s")
            let other = TmuxFixture(
                folder: fleet.tmux.folder, socket: theirs, environment: fleet.tmux.environment)
            try await other.tmux("new-session", "-d", "-s", "mine", "cat")
            let pid = try await other.tmux("display-message", "-p", "#{pid}")
            let before = try await other.tmux(
                "list-panes", "-a", "-F", "#{session_name} #{window_name} #{pane_id}")
            let inside = ["TMUX": "\(theirs),\(pid),0", "TMUX_PANE": "%0"]
            let result = try await fleet.run(["spawn", "a"], adding: inside)
            #expect(result.isSuccess, "\(result.errorText)")
            #expect(
                try await other.tmux("list-panes", "-a", "-F", "#{session_name} #{window_name} #{pane_id}")
                    == before)
            #expect(try await fleet.server.panes().map(\.session.rawValue) == ["agent-a"])
        }
    }

    @Test func attachShowsTheSessionInTheTerminal() async throws {
        try await withFleet { fleet in
            // A terminal for the command: a pane of another server.
            let other = TmuxFixture(
                folder: fleet.tmux.folder, socket: fleet.tmux.folder.appending("s"),
                environment: fleet.environment)
            try await other.tmux(
                "new-session", "-d", "-c", fleet.root.string, "-x", "100", "-y", "30",
                "env", "-u", "TMUX", FleetFixture.program.string, "spawn", "a", "--attach", "--startup",
                "echo the-agent-is-here; exec cat")
            #expect(
                try await eventually(within: .seconds(20)) {
                    try await other.tmux("capture-pane", "-p").contains("the-agent-is-here")
                })
            #expect(try await fleet.tmux.tmux("list-clients", "-F", "#{session_name}") == "agent-a")
        }
    }
}
