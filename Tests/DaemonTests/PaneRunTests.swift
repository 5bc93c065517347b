import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// `tmux-agent run`: panes that were not spawned here.
@Suite(.timeLimit(.minutes(2)))
struct PaneRunTests {
    @Test func panesThatTheFiltersAcceptAreWatchedAndGivenBack() async throws {
        try await withPanes { panes in
            // tmux writes the session's name with underscores.
            try panes.write(filters: "session_filters: ['^proj:v1\\.2$']\n      pane_name_patterns: [codex]")
            try await panes.printer("proj:v1.2", window: "codex")
            try await panes.printer("proj-v1", window: "codex")
            let run = try panes.start()
            try await run.ready()
            try await panes.tick(1, in: "proj_v1_2:codex")
            try await panes.tick(2, in: "proj-v1:codex")
            // Written by the action's own process.
            let isFirst = try await eventually(within: .seconds(30)) { panes.ticked == [1] }
            #expect(isFirst, "\(run.output)")
            // A pane that comes later, in a window whose name fits only afterwards.
            try await panes.tmux.tmux("new-window", "-d", "-t", "proj_v1_2", "-n", "x", "stty -echo; cat")
            try await panes.tmux.tmux("rename-window", "-t", "proj_v1_2:x", "codex 2")
            let isFound = try await eventually(within: .seconds(30)) { run.output.contains("codex 2)") }
            #expect(isFound, "\(run.output)")
            try await panes.tick(3, in: "proj_v1_2:codex 2")
            let isThird = try await eventually(within: .seconds(30)) { panes.ticked == [1, 3] }
            #expect(isThird, "\(run.output)")
            #expect(try await panes.traces().contains("1"))
            #expect(await run.stop() == 0)
            let traces = try await panes.traces()
            #expect(traces == "0\n0\n0", "\(traces)\n\(run.output)")
            #expect(try await panes.tmux.tmux("list-clients") == "")
            #expect(try await panes.tmux.tmux("show-options", "-p", "-t", "proj_v1_2:codex") == "")
        }
    }

    @Test func aPaneWithSomebodyElsesPipeIsReadByCaptures() async throws {
        try await withPanes { panes in
            try await panes.printer("a")
            let theirs = panes.folder.appending("theirs")
            try await panes.tmux.tmux("pipe-pane", "-t", "a", "exec cat >>\(theirs)")
            let run = try panes.start()
            try await run.ready()
            // More than the screen holds at once.
            for number in 1...60 { try await panes.tick(number, in: "a") }
            let isRead = try await eventually(within: .seconds(30)) {
                try await panes.counted() == Array(1...60)
            }
            let counted = try await panes.counted()
            #expect(isRead, "\(counted) \(run.output)")
            #expect(try await panes.tmux.tmux("list-clients").contains("control-mode"))
            #expect(await run.stop() == 0)
            #expect(try await panes.traces() == "1")
            #expect(try await panes.tmux.tmux("list-clients") == "")
            try await panes.say("their last", in: "a")
            // Their cat writes when it gets the bytes.
            let isTheirs = try await eventually(within: .seconds(30)) {
                (text(of: theirs) ?? "").hasSuffix("their last\r\n")
            }
            #expect(isTheirs)
        }
    }

    @Test func killsLoseAndRepeatNothing() async throws {
        try await withPanes { panes in
            try await panes.printer("piped")
            try await panes.printer("captured")
            try await panes.tmux.tmux("pipe-pane", "-t", "captured", "exec cat >/dev/null")
            var number = 0
            // A pane has at most sixteen runs that wait.
            for round in 0..<5 {
                let run = try panes.start()
                if round % 2 == 0 { try await run.ready() }
                for _ in 0..<2 {
                    number += 2
                    try await panes.tick(number - 1, in: "piped")
                    try await panes.tick(number, in: "captured")
                }
                if round == 3 { _ = await run.stop() } else { await run.kill() }
                number += 2
                try await panes.tick(number - 1, in: "piped")
                try await panes.tick(number, in: "captured")
            }
            let run = try panes.start()
            try await run.ready()
            let isAll = try await eventually(within: .seconds(30)) {
                try await panes.counted().count >= number && panes.ticked.count >= number
            }
            #expect(isAll, "\(run.output)")
            #expect(try await panes.counted().sorted() == Array(1...number))
            #expect(panes.ticked.sorted() == Array(1...number))
            #expect(await run.stop() == 0)
            #expect(try await panes.traces() == "1\n0")
        }
    }

    /// tmux's program ends `run` between the making of the pipe and the answer, and prints a marker before both.
    @Test func aKillWhileAPipeIsMadeLeavesNothingUnread() async throws {
        try await withPanes { panes in
            let wrapper = panes.folder.appending("killing-tmux")
            let tmux = "tmux -S '\(panes.tmux.socket)'"
            try Files.write(
                """
                #!/bin/sh
                case "$*" in *tmux-agent-loan-pane*pipe-pane*)
                    if [ ! -e "$HOME/killed" ]; then
                        : >"$HOME/killed"
                        \(tmux) send-keys -t a -l '### SENTRY {"type":"TICK","n":2}' ';' send-keys -t a Enter
                        until \(tmux) capture-pane -p -t a | grep -q '"n":2'; do sleep 0.02; done
                        tmux "$@" >/dev/null
                        kill -9 $PPID
                        exit
                    fi;;
                esac
                exec tmux "$@"
                """, to: wrapper, mode: .init(rawValue: 0o755))
            try panes.write(more: "tmux_bin: \(wrapper)")
            try await panes.printer("a")
            try await panes.tick(1, in: "a")
            let killed = try panes.start()
            #expect(await killed.status() == SIGKILL)
            #expect(try await panes.traces().hasPrefix("1"))
            #expect(try await panes.counted() == [1])
            try await panes.tick(3, in: "a")
            for round in 0..<2 {
                let run = try panes.start()
                let isRead = try await eventually(within: .seconds(30)) {
                    try await panes.counted().count >= 3 + round && panes.ticked.count >= 3 + round
                }
                #expect(isRead, "\(run.output)")
                #expect(try await panes.counted() == Array(1...3 + round))
                if round == 0 {
                    try await panes.tick(4, in: "a")
                    await run.kill()
                } else {
                    // All may have been done before the kill; who has just begun does not know TERM yet.
                    try await run.ready()
                    #expect(await run.stop() == 0)
                }
            }
            #expect(panes.ticked == [1, 2, 3, 4])
            #expect(try await panes.traces() == "0")
            #expect(try await panes.tmux.tmux("list-buffers") == "")
        }
    }

    @Test func aPaneOfARestartedServerIsAnother() async throws {
        try await withPanes { panes in
            try panes.write(
                policy: """
                    pipelines:
                      - name: release
                        stages:
                          - name: ship
                            triggers: { marker: { type: TICK } }
                            require_approval: true
                    """)
            try await panes.printer("a")
            let run = try panes.start()
            try await run.ready()
            try await panes.tick(1, in: "a")
            let file = panes.approvals.appending("local").appending("pct0__ship.txt")
            // The files are kept by a service of its own.
            let isAsked = try await eventually(within: .seconds(30)) {
                text(of: file)?.contains("PENDING") == true
            }
            #expect(isAsked, "\(run.output)")
            let old = try await panes.store().pendingApprovals().map(\.id)
            try await panes.tmux.tmux("kill-server")
            // Its socket stays for a moment.
            let isGone = try await eventually(within: .seconds(30)) {
                try await panes.store().pendingApprovals().isEmpty
            }
            #expect(isGone, "\(run.output)")
            try await panes.printer("b")
            let isNew = try await eventually(within: .seconds(30)) {
                run.output.contains("watching local %0 (b:sh)")
            }
            #expect(isNew, "\(run.output)")
            try await panes.tick(2, in: "b")
            let isAskedAnew = try await eventually(within: .seconds(30)) {
                let open = try await panes.store().pendingApprovals().map(\.id)
                return open.count == 1 && open != old
            }
            #expect(isAskedAnew, "\(run.output)")
            let states = try await panes.store().latestRuns().map(\.state.rawValue).sorted()
            #expect(states == ["cancelled", "running"])
            #expect(await run.stop() == 0)
        }
    }

    @Test func theLastWordsOfAProgramCount() async throws {
        try await withPanes { panes in
            try panes.write(
                policy: """
                    pipelines:
                      - name: after
                        stages:
                          - name: ended
                            triggers: { all_of: [ { agent_state: exited }, { marker: { type: TICK } } ] }
                            actions_on_start: [ { shell: 'echo "pane:9" >>"$HOME/ticks"' } ]
                            success_when: { exit_code: 0 }
                    """)
            try await panes.tmux.tmux("new-session", "-d", "-s", "keeper", "cat")
            try await panes.tmux.tmux("set-option", "-g", "remain-on-exit", "on")
            let run = try panes.start()
            try await run.ready()
            try await panes.tmux.tmux(
                "new-session", "-d", "-s", "short",
                // tmux itself loses what a program prints that lives for a millisecond.
                "printf '### SENTRY {\"type\":\"TICK\",\"n\":1}\\n'; sleep 0.2; exit 3")
            let isDone = try await eventually(within: .seconds(30)) { panes.ticked == [9] }
            #expect(isDone, "\(run.output)")
            #expect(await run.stop() == 0)
        }
    }

    @Test func aStageWithoutSuccessNeverCompletes() async throws {
        try await withPanes { panes in
            try panes.write(
                policy: """
                    pipelines:
                      - name: notes
                        match: { any_of: [ { window_name: "^agent:x$", pane_title: "sh", host: local } ] }
                        stages:
                          - name: hello
                            actions_on_start: [ { send_keys: "all tests passed" } ]
                          - name: never
                      - name: heuristics
                        match: { any_of: [ { host: local } ] }
                        stages:
                          - name: bare
                            success_when: { message_type: STATUS }
                    """)
            try await panes.printer("a", window: "agent:x")
            try await panes.tmux.tmux("select-pane", "-t", "a", "-T", "sh")
            let run = try panes.start()
            try await run.ready()
            // What the hands typed is no report, although it says "passed".
            let isTyped = try await eventually(within: .seconds(30)) {
                try await panes.journal().contains { $0.kind == .actionEnded }
            }
            #expect(isTyped, "\(run.output)")
            #expect(!run.output.contains("bare RUNNING -> COMPLETED"), "\(run.output)")
            try await panes.say("12 checks completed", in: "a")
            let isDone = try await eventually(within: .seconds(30)) {
                run.output.contains("heuristics/bare RUNNING -> COMPLETED")
            }
            #expect(isDone, "\(run.output)")
            let runs = try await panes.store().latestRuns()
            let notes = try #require(runs.first { $0.pipeline == "notes" })
            #expect(notes.stages.map(\.state) == [.running, .idle])
            #expect(await run.stop() == 0)
        }
    }

    @Test func anAnswerInAFileIsTaken() async throws {
        try await withPanes { panes in
            try panes.write(
                policy: """
                    pipelines:
                      - name: release
                        stages:
                          - name: ship
                            require_approval: { prompt: "Ship it?" }
                            actions_on_start: [ { shell: 'echo "pane:7" >>"$HOME/ticks"' } ]
                            success_when: { exit_code: 0 }
                    """)
            try await panes.printer("a")
            let run = try panes.start()
            try await run.ready()
            let file = panes.approvals.appending("local").appending("pct0__ship.txt")
            let isAsked = try await eventually(within: .seconds(30)) {
                text(of: file)?.contains("# | Ship it?") == true
            }
            #expect(isAsked, "\(run.output)")
            try Files.append("approve\n", to: file)
            let isDone = try await eventually(within: .seconds(30)) {
                panes.ticked == [7] && !Files.exists(file)
            }
            #expect(isDone, "\(run.output)")
            #expect(await run.stop() == 0)
        }
    }

    @Test func aSecondRunOfOneConfigurationIsRefusedAndAnUnreachableHostDelaysNobody() async throws {
        try await withPanes { panes in
            try panes.write(more: "  - name: away\n    ssh: { host: 127.0.0.1, port: 1, timeout: 2 }")
            try await panes.printer("a")
            let run = try panes.start()
            try await run.ready()
            try await panes.tick(1, in: "a")
            let isDone = try await eventually(within: .seconds(30)) { panes.ticked == [1] }
            #expect(isDone, "\(run.output)")
            #expect(run.output.contains("host away: Host 'away' is not reachable"), "\(run.output)")
            let status = try await panes.command("status", "--config", "hosts.yaml", "--json")
            let hosts = try #require(try JSONValue.parse(status.text).object?["hosts"]?.array)
            #expect(hosts.map { $0.object?["state"]?.string } == ["up", "down"], "\(status.text)")
            let shown = try await panes.command("status", "--config", "hosts.yaml")
            #expect(
                shown.text.contains("host away (127.0.0.1)  down  Host 'away' is not reachable"),
                "\(shown.text)")
            let second = try await panes.run()
            #expect(second.exitCode == 1)
            #expect(second.errorText.contains("are watched already (pid \(run.pid))"), "\(second.errorText)")
            #expect(await run.stop() == 0)
            let pass = try await panes.run("--once")
            #expect(pass.exitCode == 69)
            #expect(pass.errorText.contains("Not reached: away"), "\(pass.errorText)")
        }
    }

    @Test func theExamplesWorkAsTheyAre() async throws {
        try await withPanes { panes in
            for name in ["hosts", "policy"] {
                let example = try #require(
                    text(of: projectFolder.appending("examples").appending("\(name).example.yaml")))
                try Files.write(example, to: panes.folder.appending("\(name).yaml"))
            }
            // The user's own server, as the examples mean it.
            let own = panes.folder.appending("tmux-\(getuid())")
            try Files.makeFolder(own, mode: 0o700)
            let tmux = TmuxFixture(
                folder: panes.folder, socket: own.appending("default"), environment: panes.environment)
            try await tmux.tmux("new-session", "-d", "-s", "mine", "-x", "100", "-y", "20", "/bin/sh")
            let run = try panes.start()
            try await run.ready()
            try await tmux.tmux("send-keys", "-t", "mine", "echo start lint", "Enter")
            let isGreen = try await eventually(within: .seconds(30)) {
                run.output.contains("[NOTIFY] lint is green")
            }
            #expect(isGreen, "\(run.output)")
            let folder = panes.home.appending("approvals").appending("local")
            let file = folder.appending("pct0__release.txt")
            let isAsked = try await eventually(within: .seconds(30)) { Files.exists(file) }
            #expect(isAsked, "\(run.output)")
            try Files.append("approve\n", to: file)
            let isReleased = try await eventually(within: .seconds(30)) {
                run.output.contains("[NOTIFY] released")
            }
            #expect(isReleased, "\(run.output)")
            #expect(await run.stop() == 0)
        }
    }
}
