import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// `status --watch` and `pick` in a real terminal: a pane of another tmux server.
@Suite(.timeLimit(.minutes(2)))
struct FullScreenTests {
    private static let policy = """
        pipelines:
          - name: delivery
            match: { branch: "feature/*" }
            stages:
              - name: release
                require_approval: { prompt: "Release 登录?" }
                actions_on_start: [ { shell: "echo out >>released" } ]
          - name: nightly
            match: { checkout: main }
            starts_on: { git_hook: post-commit }
            stages:
              - name: publish
                require_approval: { prompt: "Publish the night?" }
                actions_on_start: [ { shell: "true" } ]

        """

    /// A terminal of 100 by 24 in which `command` runs.
    private struct Terminal {
        let fleet: FleetFixture
        var socket: String { fleet.folder.appending("outer").string }

        /// `{agent}` in `command` is the program with its folder.
        func start(_ command: String) async throws {
            let program = try await fleet.shell("echo \"$1\"").stdout.trimmingSuffixNewline
            let line = command.replacing("{agent}", with: "\(program) -C \(fleet.root)")
            let started = try await fleet.shell(
                "tmux -u -S \(socket) -f /dev/null new-session -d -x 100 -y 24 'unset TMUX; \(line)' \\; "
                    + "set -g remain-on-exit on")
            #expect(started.status == 0, "\(started)")
        }

        func press(_ keys: String...) async throws {
            for key in keys {
                _ = try await fleet.shell("tmux -u -S \(socket) send-keys '\(key)'")
            }
        }

        func type(_ text: String) async throws {
            _ = try await fleet.shell("tmux -u -S \(socket) send-keys -l '\(text)'")
        }

        /// As a person pastes: at once, in brackets where the program asked for them.
        func paste(_ text: String) async throws {
            let tmux = "tmux -u -S \(socket)"
            _ = try await fleet.shell("\(tmux) set-buffer \"\(text)\" && \(tmux) paste-buffer -p")
        }

        func screen() async throws -> String {
            try await fleet.shell("tmux -u -S \(socket) capture-pane -p").stdout
        }

        func ask(_ format: String) async throws -> String {
            try await fleet.shell("tmux -u -S \(socket) display-message -p '\(format)'").stdout
                .trimmingSuffixNewline
        }

        func expect(
            _ text: String, sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            var last = ""
            let isThere = try await eventually(within: .seconds(20)) {
                last = try await screen()
                return last.contains(text)
            }
            #expect(isThere, "no '\(text)' in:\n\(last)", sourceLocation: sourceLocation)
        }
    }

    @Test func aPersonSeesTheFleetAnswersAndTypes() async throws {
        try await withFleetFixture(
            scripts: ["agent": "say Ready.\nexpect end"], policy: Self.policy
        ) { fleet in
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "docs/guide")
            try await fleet.succeed("spawn", "feature/登录", "--task", "Add a login")
            _ = try await fleet.question(of: "feature/登录")
            let terminal = Terminal(fleet: fleet)
            try await terminal.start("{agent} status --watch; stty -a | grep -ow -- -*echo; exec cat")
            try await terminal.expect("1 waiting for you")
            try await terminal.expect("▸ feature/登录")
            try await terminal.expect("feature/登录 asks: Release 登录?")
            #expect(try await terminal.ask("#{alternate_on}") == "1")

            // An answer belongs to the question that was shown, and Escape takes nothing along.
            try await terminal.press("r")
            try await terminal.expect("Reject, because")
            try await terminal.press("Escape")
            try await terminal.expect("Nothing done.")
            // Keys that are in a pasted text are nobody's.
            try await terminal.paste("fix this:\na line\n\n")
            try await terminal.expect("Pasted text is no keys here")
            // A mark joins the character before it, and flags are two characters in one.
            try await terminal.press("a")
            try await terminal.type("e\u{301}\u{1F1E8}\u{1F1F3}x")
            try await terminal.expect("Approve, because (may stay empty): e\u{301}")
            try await terminal.press("C-u")
            try await terminal.type("klein und klar 好")
            try await terminal.press("Enter")
            try await terminal.expect("Approved stage 'release'.")
            try await terminal.expect("delivery: completed")
            let answered = try await fleet.run("approvals", "--all", "--json").json["approvals"]?.array?.first
            #expect(answered?["state"]?.string == "approved")
            #expect(answered?["reason"]?.string == "klein und klar 好")

            // What is typed goes to the agent that is named beside it.
            try await terminal.press("k", "s")
            try await terminal.expect("Text for docs/guide:")
            try await terminal.type("Good morning")
            try await terminal.press("Enter")
            try await terminal.expect("docs/guide: ")
            let isTyped = try await eventually(within: .seconds(20)) {
                try await fleet.run("logs", "docs/guide").stdout.contains("Good morning")
            }
            #expect(isTyped)

            // News come by themselves, and the selection stays with its agent.
            try await fleet.succeed("spawn", "a/new")
            try await terminal.expect("a/new")
            try await terminal.expect("▸ docs/guide")
            // What asks without being an agent has a row of its own.
            let commit = try await fleet.shell("git rev-parse HEAD").stdout.trimmingSuffixNewline
            try Files.append(
                "post-commit\t\(fleet.root)\tmain\t\(commit)\t\n",
                to: fleet.root.appending(".git/tmux-agent/hooks"))
            try await terminal.expect("nightly: publish asks")
            try await terminal.press("Tab")
            try await terminal.expect("main checkout asks: Publish the night?")
            try await terminal.press("s")
            try await terminal.expect("main checkout is no agent")
            try await terminal.press("a", "Enter")
            try await terminal.expect("Approved stage 'publish'.")
            try await terminal.expect("▸ a/new")
            try await terminal.press("g")
            try await terminal.expect("▸ docs/guide")

            _ = try await fleet.shell("tmux -u -S \(terminal.socket) resize-window -x 50 -y 12")
            try await terminal.expect("▸ docs/guide")
            #expect(try await terminal.screen().split(separator: "\n").allSatisfy { $0.displayWidth <= 50 })

            // What was sent arrives, however soon a person leaves.
            try await terminal.press("s")
            try await terminal.expect("Text for docs/guide:")
            try await terminal.paste("Two lines\nare one text")
            try await terminal.expect("are one text")
            _ = try await fleet.shell("tmux -u -S \(terminal.socket) send-keys Enter q")
            try await terminal.expect("echo")
            #expect(try await fleet.run("logs", "docs/guide").stdout.contains("are one text"))
            #expect(try await terminal.ask("#{alternate_on}") == "0")
            #expect(try await !terminal.screen().contains("-echo"))
            _ = try await fleet.shell("tmux -u -S \(terminal.socket) kill-server")
        }
    }

    @Test func enterGoesToTheSessionAndComesBack() async throws {
        try await withFleetFixture(scripts: ["agent": "say Come in."]) { fleet in
            try await fleet.succeed("spawn", "feature/x")
            let terminal = Terminal(fleet: fleet)
            try await terminal.start("{agent} status --watch")
            try await terminal.expect("▸ feature/x")
            try await terminal.expect("not watched")
            try await terminal.press("Enter")
            try await terminal.expect("Come in.")
            try await terminal.press("C-b", "d")
            try await terminal.expect("▸ feature/x")
            try await terminal.press("d")
            try await terminal.expect("feature/x has changed nothing.")
            // A diff that fits on the screen stays there until its reader leaves it.
            try fleet.write("more\n", to: ".tmuxagent/worktrees/feature-x/README")
            try await terminal.press("d")
            try await terminal.expect("+more")
            try await terminal.press("q")
            try await terminal.expect("▸ feature/x")
            try await terminal.press("?")
            try await terminal.expect("Any key goes back.")
            try await terminal.press("x")
            try await terminal.expect("▸ feature/x")
            // A signal gives the terminal back too.
            let pid = try await terminal.ask("#{pane_pid}")
            _ = try await fleet.shell("pkill -TERM -P \(pid) || kill -TERM \(pid)")
            let isBack = try await eventually(within: .seconds(20)) {
                try await terminal.ask("#{alternate_on}") == "0"
            }
            #expect(isBack)
            _ = try await fleet.shell("tmux -u -S \(terminal.socket) kill-server")
        }
    }

    @Test func anAgentIsPickedByAFewLetters() async throws {
        try await withFleetFixture { fleet in
            let terminal = Terminal(fleet: fleet)
            let nobody = try await fleet.run("pick")
            #expect(nobody.status == 1 && nobody.stderr.contains("No agents yet"), "\(nobody)")
            try await fleet.succeed("spawn", "feature/login", "--task", "Add a login")
            try await fleet.succeed("spawn", "feature/search")
            // What is printed may go anywhere, what is shown goes to the terminal.
            try await terminal.start(
                "echo nothing | {agent} pick --print; picked=$({agent} pick --print); echo \"picked $picked\"; exec cat"
            )
            try await terminal.expect("2 of 2")
            try await terminal.type("seé")
            try await terminal.press("BSpace")
            try await terminal.type("arch")
            try await terminal.expect("1 of 2")
            try await terminal.press("Enter")
            try await terminal.expect("picked feature/search")
            try await terminal.expect("needs a terminal")
            _ = try await fleet.shell("tmux -u -S \(terminal.socket) kill-server")

            try await terminal.start("{agent} pick log; exec cat")
            try await terminal.expect("1 of 2")
            try await terminal.press("C-u")
            try await terminal.expect("2 of 2")
            try await terminal.type("SEARCH idle-or-not")
            try await terminal.expect("0 of 2")
            try await terminal.press("C-w", "Enter")
            let isAttached = try await eventually(within: .seconds(20)) {
                try await fleet.tmux("list-clients", "-F", "#{session_name}") == "agent-feature-search"
            }
            #expect(isAttached)
            _ = try await fleet.shell("tmux -u -S \(terminal.socket) kill-server")
        }
    }

    @Test func theStatusLineIsShortAndQuietElsewhere() async throws {
        try await withFleetFixture(policy: Self.policy) { fleet in
            try await fleet.succeed("up")
            #expect(try await fleet.run("status", "--format", "tmux").stdout.isEmpty)
            try await fleet.succeed("spawn", "feature/x")
            _ = try await fleet.question(of: "feature/x")
            let line = try await fleet.run("status", "--format", "tmux").stdout
            #expect(line.hasSuffix("#[fg=magenta,bold]1 asks#[default]\n"), "\(line)")
            #expect(line.hasPrefix("#[fg="))
            let elsewhere = try await fleet.run("-C", fleet.folder.string, "status", "--format", "tmux")
            #expect(elsewhere.status == 0)
            #expect(elsewhere.stdout.isEmpty && elsewhere.stderr.isEmpty, "\(elsewhere)")
            let piped = try await fleet.run("status", "--watch")
            #expect(piped.status == 64)
            #expect(piped.stderr.contains("'tmux-agent status --watch' needs a terminal"))
            #expect(try await fleet.run("status", "--watch", "--json").status == 64)
        }
    }
}
