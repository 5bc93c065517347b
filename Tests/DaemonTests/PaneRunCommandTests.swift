import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

/// Commands beside `tmux-agent run`, and what lies beside its policy.
@Suite(.timeLimit(.minutes(2)))
struct PaneRunCommandTests {
    @Test func panesAndTheirQuestionsAreOnTheDashboard() async throws {
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
                          - name: announce
                            require_approval: { prompt: "Tell all?" }
                    """)
            let early = try await panes.command("dashboard", "--config", "hosts.yaml", "--port", "0")
            #expect(
                early.exitCode == 78 && early.errorText.contains("it was never run"), "\(early.errorText)")
            try await panes.printer("work", window: "editor")
            let run = try panes.start()
            try await run.ready()
            let web = try RunProcess(panes, ["dashboard", "--config", "hosts.yaml", "--port", "0"])
            let isThere = try await eventually(within: .seconds(20)) { web.output.contains("#token=") }
            #expect(isThere, "\(web.output)")
            let address = try #require(web.output.firstMatch(of: /(http:\/\/[0-9.:]+)\/#token=(\S+)/))
            func call(_ path: String, _ more: String...) async throws -> String {
                try await CommandRunner().run(
                    Command(
                        "curl", ["-s", "-m", "20", "\(address.1)\(path)"] + more,
                        environment: panes.environment,
                        timeout: .seconds(30))
                ).text
            }
            func pane() async throws -> JSONValue? {
                try JSONValue.parse(try await call("/api/panes"))["panes"]?.array?.first
            }
            try await panes.say("hello <there>", in: "work")
            let isSaid = try await eventually(within: .seconds(20)) {
                try await pane()?["last_line"]?.string == "hello <there>"
            }
            #expect(isSaid)
            let shown = try await pane()
            #expect(
                shown?["host"] == "local" && shown?["pane_id"] == "%0" && shown?["branch"] == "work:editor")
            #expect(try await call("/api/panes/local~%250/tail").contains("hello <there>"))
            let page = try await call("/")
            #expect(page.contains("work:editor") && page.contains("local:%0") && page.contains("Ship it?"))
            let stages = try JSONValue.parse(try await call("/api/overview"))["stages"]?.array
            #expect(stages?.first?["host"] == "local" && stages?.first?["pane_id"] == "%0")

            let token = "X-Auth-Token: \(address.2)"
            let agent = try #require(shown?["agent"]?.string)
            func send(_ order: JSONObject, to path: String = "/api/panes/local~%250/send") async throws
                -> JSONValue
            {
                let order = JSONValue.object(order).serialized()
                return try JSONValue.parse(try await call(path, "-H", token, "-d", order))
            }
            let other = try await send(["input": "x", "agent": "another"])
            #expect(other["error"]?["code"] == "other_agent", "\(other)")
            let typed = try await send(["input": "typed from afar", "agent": .string(agent), "id": "one"])
            #expect(typed["agent"]?.string == agent && typed["branch"] == "work:editor", "\(typed)")
            #expect(["submitted", "accepted"].contains(typed["receipt"]?.string), "\(typed)")
            let again = try await send(
                ["text": "typed from afar", "host": "local", "session": "work", "id": "one"],
                to: "/api/commands")
            #expect(again["repeated"] == true && again["receipt"] == typed["receipt"], "\(again)")
            // The program in the pane says each line again, when it comes to it.
            let isTyped = try await eventually(within: .seconds(20)) {
                try await pane()?["last_line"]?.string == "typed from afar"
            }
            #expect(isTyped)
            let pressed = try await send(["keys": ["h", "i", "Enter"], "agent": .string(agent)])
            #expect(pressed["receipt"] == "submitted", "\(pressed)")
            let isPressed = try await eventually(within: .seconds(20)) {
                try await pane()?["last_line"]?.string == "hi"
            }
            #expect(isPressed)
            let tail = try JSONValue.parse(try await call("/api/panes/local~%250/tail"))["lines"]?.array ?? []
            #expect(tail.count { $0 == "typed from afar" } == 1, "\(tail)")
            let questions = try JSONValue.parse(try await call("/api/approvals"))["approvals"]?.array
            let id = try #require(questions?.first?["id"]?.string)
            let answer = try await call(
                "/api/approvals/\(id)", "-H", token, "-d", "{\"decision\":\"approve\"}")
            #expect(answer.contains("\"approved\""), "\(answer)")
            let isDone = try await eventually(within: .seconds(30)) {
                run.output.contains("ship RUNNING -> COMPLETED")
            }
            #expect(isDone, "\(run.output)")
            // Over the bus: an order that somebody appends, and an answer that the page writes there.
            let bus = panes.home.appending("bus")
            let order: JSONObject = [
                "session": "work", "host": "local", "text": "by the bus", "id": "b1",
                "ts": .integer(Int64(time(nil))),
            ]
            try Files.makeFolder(bus, mode: 0o700)
            try Files.append(
                JSONValue.object(order).serialized() + "\n", to: bus.appending("commands.jsonl"))
            let isOrdered = try await eventually(within: .seconds(20)) {
                try await pane()?["last_line"]?.string == "by the bus"
            }
            #expect(isOrdered, "\(run.output)")
            let next = try await eventually(within: .seconds(20)) {
                try await panes.store().pendingApprovals().first?.stage == "announce"
            }
            #expect(next, "\(run.output)")
            let second = try #require(try await panes.store().pendingApprovals().first)
            let confirmed = try await send(
                [
                    "branch": "work:editor", "action": "approve",
                    "meta": ["approval": .string(second.id.rawValue)],
                ], to: "/api/confirmations")
            #expect(confirmed["id"]?.string != nil, "\(confirmed)")
            let isTold = try await eventually(within: .seconds(20)) {
                run.output.contains("announce WAITING_APPROVAL -> RUNNING")
            }
            #expect(isTold, "\(run.output)")
            #expect(await run.stop() == 0)
            let late = try await send(["input": "x"])
            #expect(late["error"]?["code"] == "not_watched", "\(late)")
            #expect(await web.stop() == 0)
        }
    }

    @Test func questionsAreShownAndAnsweredByCommands() async throws {
        try await withPanes { panes in
            try panes.write(
                policy: """
                    pipelines:
                      - name: release
                        stages:
                          - name: ship
                            require_approval: { prompt: "Ship it?" }
                            actions_on_start: [ { shell: 'echo "pane:7 ${APPROVAL_SECRET-}" >>"$HOME/ticks"' } ]
                            success_when: { exit_code: 0 }
                          - name: after
                            success_when: { signal: never }
                    """)
            let unknown = try await panes.command("approvals", "--config", "hosts.yaml")
            #expect(unknown.exitCode == 78)
            #expect(unknown.errorText.contains("it was never run"), "\(unknown.errorText)")
            try await panes.printer("a")
            let run = try panes.start(
                "--approval-secret", "hidden", "--public-base-url", "https://here.invalid/")
            try await run.ready()
            // The notice is sent a moment after the question is written; without links, as this is no terminal.
            let isTold = try await eventually(within: .seconds(30)) { run.output.contains("Ship it?") }
            #expect(isTold, "\(run.output)")
            #expect(!run.output.contains("https://here.invalid/a/"), "\(run.output)")
            let list = try await panes.command("approvals", "--config", "hosts.yaml", "--json")
            let open = try #require(try JSONValue.parse(list.text).object?["approvals"]?.array)
            #expect(open.map { $0.object?["pane"]?.string } == ["local:%0"], "\(list.text) \(list.errorText)")
            let explained = try await panes.command("policy", "explain", "%0", "--config", "hosts.yaml")
            #expect(explained.text.contains("ship"), "\(explained.text) \(explained.errorText)")
            let other = try await panes.command("policy", "explain", "%9", "--config", "hosts.yaml")
            #expect(other.exitCode == 1)
            #expect(other.errorText.contains("local:%0"), "\(other.errorText)")
            let approved = try await panes.command(
                "approve", "%0", "--config", "hosts.yaml", "--reason", "fine")
            #expect(approved.exitCode == 0, "\(approved.errorText)")
            #expect(approved.text.contains("Approved"), "\(approved.text)")
            let isDone = try await eventually(within: .seconds(30)) {
                run.output.contains("ship RUNNING -> COMPLETED")
            }
            #expect(isDone, "\(run.output)")
            #expect(text(of: panes.ticks) == "pane:7 \n")
            let reset = try await panes.command("policy", "reset", "local:%0", "--config", "hosts.yaml")
            #expect(reset.exitCode == 0, "\(reset.errorText)")
            let isAskedAgain = try await eventually(within: .seconds(30)) {
                try await panes.store().pendingApprovals().count == 1
            }
            #expect(isAskedAgain, "\(run.output)")
            let rejected = try await panes.command("reject", "ship", "--config", "hosts.yaml")
            #expect(rejected.exitCode == 0, "\(rejected.errorText)")
            #expect(await run.stop() == 0)
        }
    }

    @Test func whatRunRecordedIsListedAndReplayed() async throws {
        try await withPanes { panes in
            try await panes.printer("a", window: "editor")
            let run = try panes.start()
            try await run.ready()
            // Lines are replayed from the tap, which has what was printed behind the making of the pipe.
            let isPiped = try await eventually(within: .seconds(30)) {
                try await panes.traces().hasPrefix("1")
            }
            #expect(isPiped, "\(run.output)")
            try await panes.say("hello there", in: "a")
            try await panes.tick(1, in: "a")
            // Written by the action's own process.
            let isDone = try await eventually(within: .seconds(30)) {
                run.output.contains("note RUNNING -> COMPLETED")
            }
            #expect(isDone, "\(run.output)")
            let list = try await panes.command("sessions", "--config", "hosts.yaml", "--json")
            let pane = try #require(try JSONValue.parse(list.text).object?["panes"]?.array?.first?.object)
            #expect(pane["pane"] == "local:%0" && pane["session"] == "a" && pane["window"] == "editor")
            #expect(pane["kind"] == "shell" && pane["pipeline"] == "tick" && pane["run_state"] == "completed")
            #expect(await run.stop() == 0)
            let table = try await panes.command("ls", "--config", "hosts.yaml")
            #expect(table.text.contains("tick: completed"), "\(table.text)")
            #expect(table.errorText.contains("this is what 'run' saw last"), "\(table.errorText)")

            let replay = ["replay", "--config", "hosts.yaml", "--since", "1h", "--policy"]
            let same = try await panes.command(replay + ["policy.yaml"])
            #expect(same.text.contains("pane local:%0"), "\(same.text) \(same.errorText)")
            #expect(same.text.contains("tick/note: COMPLETED"), "\(same.text)")
            #expect(same.text.contains("0 would be new, 0 would not have been done."), "\(same.text)")
            try Files.write(
                """
                pipelines:
                  - name: greeting
                    match: { any_of: [ { window_name: "^editor$" } ] }
                    stages: [ { name: look, success_when: { log_regex: "hello there" } } ]
                """, to: panes.folder.appending("new.yaml"))
            let other = try await panes.command(replay + ["new.yaml", "--pane", "%0"])
            let lines = other.text.split(separator: "\n")
            #expect(
                lines.contains { $0.hasPrefix("  + ") && $0.contains("greeting/look: COMPLETED") },
                "\(other.text)")
            #expect(
                lines.contains { $0.hasPrefix("  - ") && $0.contains("tick/note: COMPLETED") },
                "\(other.text)")
            let nobody = try await panes.command(replay + ["new.yaml", "--pane", "%7"])
            #expect(nobody.exitCode == 1)
            #expect(nobody.errorText.contains("Panes: local:%0"), "\(nobody.errorText)")
        }
    }

    @Test func rulesBesideThePolicyAndItsDialogsCount() async throws {
        try await withPanes { panes in
            try Files.makeFolder(panes.folder.pushing(".tmuxagent/detect"), mode: 0o755)
            // A program of another name that draws its questions as Claude Code does.
            try Files.write(
                "kind: claude\nseen_on: \"a script\"\nprograms: [bash]\n",
                to: panes.folder.pushing(".tmuxagent/detect/own.yaml"))
            try panes.write(
                policy: """
                    pipelines:
                      - name: idle
                        stages: [ { name: wait, success_when: { agent_state: idle } } ]
                    dialogs:
                      - { rule: claude-trust, option: "Yes, I trust this folder" }
                    """)
            let (script, record) = (panes.folder.appending("dialogs.sh"), panes.folder.appending("record"))
            try Files.write(DialogTests.program, to: script)
            try await panes.tmux.tmux(
                "new-session", "-d", "-s", "a", "-x", "100", "-y", "20", "exec bash \(script) \(record) 1")
            let run = try panes.start()
            try await run.ready()
            let isOver = try await eventually(within: .seconds(30)) {
                run.output.contains("wait RUNNING -> COMPLETED")
            }
            #expect(isOver, "\(run.output)")
            #expect(text(of: record) == "trust: Yes, I trust this folder\n")
            let kinds = try await panes.journal().map(\.kind.rawValue)
            #expect(kinds.filter { $0 == "dialog.shown" }.count == 1)
            #expect(kinds.contains("dialog.answered"))
            #expect(await run.stop() == 0)
        }
    }
}
