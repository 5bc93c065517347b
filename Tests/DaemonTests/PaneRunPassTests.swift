import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// `run --once` and `run --dry-run`: one pass, and one that does nothing.
@Suite(.timeLimit(.minutes(2)))
struct PaneRunPassTests {
    @Test func onePassDoesWhatThePanesShowAndTheNextDoesItNotAgain() async throws {
        try await withPanes { panes in
            try await panes.printer("a")
            try await panes.tick(1, in: "a")
            try await panes.tick(2, in: "a")
            // What was typed is there when the pane shows it.
            let isShown = try await eventually(within: .seconds(30)) {
                try await panes.tmux.tmux("capture-pane", "-p", "-t", "a").contains("\"n\":2")
            }
            #expect(isShown)
            let first = try await panes.run("--once", "--json")
            #expect(first.exitCode == 0, "\(first.errorText)")
            #expect(panes.ticked == [1, 2])
            let decisions = try #require(try JSONValue.parse(first.text).object?["decisions"]?.array)
            #expect(decisions.contains { $0.object?["to"]?.string == "completed" })
            try await panes.tick(3, in: "a")
            let isShownToo = try await eventually(within: .seconds(30)) {
                try await panes.tmux.tmux("capture-pane", "-p", "-t", "a").contains("\"n\":3")
            }
            #expect(isShownToo)
            let second = try await panes.run("--once")
            #expect(second.exitCode == 0, "\(second.errorText)")
            #expect(panes.ticked == [1, 2, 3])
            let third = try await panes.run("--once")
            #expect(third.text == "")
            #expect(try await panes.traces() == "0")
        }
    }

    @Test func onePassDoesWhatWasApprovedSinceTheLast() async throws {
        try await withPanes { panes in
            try panes.write(
                policy: """
                    pipelines:
                      - name: asks
                        stages:
                          - name: ship
                            require_approval: true
                            actions_on_start: [{ shell: 'echo shipped >>"$HOME/shipped"' }]
                            success_when: { exit_code: 0 }
                    """)
            try await panes.printer("a")
            #expect(try await panes.run("--once").exitCode == 0)
            let answer = try await panes.command("approve", "ship", "--config", "hosts.yaml")
            #expect(answer.exitCode == 0, "\(answer.errorText)")
            let pass = try await panes.run("--once")
            #expect(pass.exitCode == 0, "\(pass.errorText)")
            #expect(text(of: panes.folder.appending("shipped")) == "shipped\n")
        }
    }

    @Test func onePassAsksATmuxAgainThatDidNotAnswerOnce() async throws {
        try await withPanes { panes in
            let wrapper = panes.folder.appending("busy-tmux")
            try Files.write(
                """
                #!/bin/sh
                case "$*" in *list-panes*window_activity*)
                    if [ ! -e "$HOME/asked" ]; then : >"$HOME/asked"; echo "out of time" >&2; exit 1; fi;;
                esac
                exec tmux "$@"
                """, to: wrapper, mode: .init(rawValue: 0o755))
            try panes.write(more: "tmux_bin: \(wrapper)")
            try await panes.printer("a")
            try await panes.tick(1, in: "a")
            let isShown = try await eventually(within: .seconds(30)) {
                try await panes.tmux.tmux("capture-pane", "-p", "-t", "a").contains("\"n\":1")
            }
            #expect(isShown)
            let pass = try await panes.run("--once")
            #expect(pass.exitCode == 0, "\(pass.errorText)")
            #expect(pass.errorText.contains("asked again"), "\(pass.errorText)")
            #expect(panes.ticked == [1])
        }
    }

    @Test func aDryRunChangesNothing() async throws {
        try await withPanes { panes in
            try await panes.printer("a")
            try await panes.tick(1, in: "a")
            let isShown = try await eventually(within: .seconds(30)) {
                try await panes.tmux.tmux("capture-pane", "-p", "-t", "a").contains("\"n\":1")
            }
            #expect(isShown)
            let dry = try await panes.run("--once", "--dry-run")
            #expect(dry.exitCode == 0, "\(dry.errorText)")
            #expect(dry.text.contains("local %0 (a:sh) note: would run: printf"), "\(dry.text)")
            #expect(!Files.exists(panes.home))
            #expect(!Files.exists(panes.approvals))
            #expect(panes.ticked == [])
            // What was done already would not be done again.
            #expect(try await panes.run("--once").exitCode == 0)
            let later = try await panes.run("--once", "--dry-run")
            #expect(later.text == "", "\(later.text)")
            #expect(panes.ticked == [1])
            #expect(try await panes.traces() == "0")
        }
    }
}
