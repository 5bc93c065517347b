import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

/// What a person does with channels, dead letters, the bus and a relay, on the built program.
@Suite(.timeLimit(.minutes(2)))
struct NotifyCommandTests {
    /// Says something when it is told to.
    private static let policy = """
        pipelines:
          - name: tell
            match: { branch: "*" }
            starts_on: { marker: { type: TELL } }
            stages:
              - name: tell
                actions_on_start: [ { notify: { title: "told by {branch}", body: "now", severity: warning } } ]

        """

    /// Shows the daemon's log when something did not come true.
    private func expect(
        _ condition: Bool, _ fleet: FleetFixture, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let log = try fleet.daemonLog()
        #expect(condition, "\(log)", sourceLocation: sourceLocation)
    }

    private func tell(_ fleet: FleetFixture, _ branch: String, _ number: Int) async throws {
        try await fleet.succeed("emit", "TELL", "--payload", "{\"n\":\(number)}", "--branch", branch)
    }

    @Test func testSendsAMessageAndExplainsAFailure() async throws {
        let code = Setting(0)
        let server = try LoopbackServer { _ in
            .respond(
                status: 200,
                body: Array("{\"errcode\":\(code.value),\"errmsg\":\"x, hint: y\"}".utf8))
        }
        try await withFleetFixture { fleet in
            let unset = try await fleet.run("notify", "test", "wecom", "--json")
            #expect(unset.status == 78)
            #expect(try unset.error?["code"] == "channel_unusable")
            #expect(try unset.error?["message"]?.string?.contains("WECOM_WEBHOOK is not set") == true)
            // From a file that only its owner may read.
            let file = fleet.home.appending("env")
            try Files.write(
                "WECOM_WEBHOOK=\(server.url)/send?key=sekret-robot-key\n", to: file,
                mode: .init(rawValue: 0o644))
            let open = try await fleet.run("notify", "test", "wecom")
            #expect(open.status == 78)
            #expect(open.stderr.contains("others may read or write it"), "\(open)")
            #expect(chmod(file.string, 0o600) == 0)
            let sent = try await fleet.run("notify", "test", "wecom", "--title", "Is this on?", "--json")
            #expect(try sent.json == ["channel": "wecom", "delivered": true], "\(sent)")
            let body = try JSONValue.parse(bytes: try #require(server.received.first).body)
            #expect(
                body["markdown"]?["content"]?.string
                    == "**Is this on?**\n\nIf you can read this, the channel works.")
            code.set(93000)
            let refused = try await fleet.run("notify", "test", "wecom")
            #expect(refused.status == 1)
            #expect(
                refused.stderr.contains("WeCom error 93000: the key in WECOM_WEBHOOK is not that of a robot"))
            // The environment wins over the file, and nothing of the address is shown.
            let away = try await fleet.run(
                "notify", "test", "wecom",
                adding: ["WECOM_WEBHOOK": "http://127.0.0.1:1/send?key=sekret-other"])
            #expect(away.status == 1)
            #expect(away.stderr.contains("127.0.0.1:1"))
            #expect(!(refused.stderr + away.stderr).contains("sekret"))
            let unknown = try await fleet.run("notify", "test", "stdut")
            #expect(unknown.status == 78)
            #expect(unknown.stderr.contains("Hint: Did you mean 'stdout'? Channels: desktop, local_bus, "))
            #expect(try await fleet.run("notify", "test", "stdout", "--severity", "loud").status == 64)
        }
    }

    @Test func whatDoesNotGetThroughSurvivesAKillAndEndsAsADeadLetter() async throws {
        let status = Setting(500)
        let server = try LoopbackServer { _ in
            .respond(status: status.value, body: Array("sekret-hook says no".utf8))
        }
        let more = "[notify]\nchannels = \"stdout,webhook\"\n"
        try await withFleetFixture(policy: Self.policy, more: more) { fleet in
            let variables = ["NOTIFY_WEBHOOK_URL": server.url + "/sekret-hook"]
            _ = try await fleet.succeed("up", adding: variables)
            try await fleet.succeed("spawn", "feature/x")
            try await tell(fleet, "feature/x", 1)
            let isTried = try await eventually(within: .seconds(20)) { !server.received.isEmpty }
            try expect(isTried, fleet)
            // One channel's failure is not another's.
            let isSaid = try await eventually {
                try fleet.daemonLog().contains("[NOTIFY] told by feature/x\nnow\n")
            }
            #expect(isSaid)
            var letter: JSONValue?
            let isWaiting = try await eventually(within: .seconds(20)) {
                letter = try await fleet.run("notify", "dead", "--waiting", "--json").json["deliveries"]?
                    .array?.first
                return letter?["state"] == "pending" && letter?["reason"]?.string != nil
            }
            #expect(isWaiting)
            #expect(letter?["channel"]?.string == "webhook")
            #expect(letter?["branch"]?.string == "feature/x")
            // Killed, and a day later.
            let pid = try #require(
                try await fleet.run("status", "--json").json["daemon"]?["pid"]?.integer)
            #expect(kill(Int32(pid), SIGKILL) == 0)
            try await fleet.later("UPDATE delivery SET dueAt = 0, expiresAt = 0 WHERE state = 'pending'")
            _ = try await eventually {
                try await fleet.run("status", "--json").json["daemon"]?["running"] == false
            }
            _ = try await fleet.succeed("up", adding: variables)
            var dead: JSONValue?
            let isDead = try await eventually(within: .seconds(20)) {
                dead = try await fleet.run("notify", "dead", "--json").json["deliveries"]?.array?.first
                return dead != nil
            }
            #expect(isDead)
            #expect(dead?["reason"]?.string == "the receiver answered with status 500: [redacted] says no")
            #expect(dead?["title"]?.string == "told by feature/x")
            let id = try #require(dead?["id"]?.integer)
            #expect(try await fleet.run("notify", "dead").stdout.contains("told by feature/x"))
            // Sent again by the daemon, without waiting for anything.
            status.set(204)
            let before = server.received.count
            #expect(
                try await fleet.run("notify", "retry", "\(id)", "--json").json == ["retried": 1])
            let isThere = try await eventually(within: .seconds(20)) { server.received.count > before }
            #expect(isThere)
            #expect(
                server.received.last?.headers["x-notice-id"] == server.received.first?.headers["x-notice-id"])
            let isEmpty = try await eventually {
                try await fleet.run("notify", "dead", "--waiting", "--json").json == ["deliveries": []]
            }
            #expect(isEmpty)
            #expect(try await fleet.run("notify", "retry", "\(id)").status == 1)
            #expect(try await fleet.run("notify", "retry").status == 64)
            // The secret of the address is nowhere but in the environment.
            let written = try await fleet.shell(
                "cd '\(fleet.home)' && grep -rl sekret-hook . || true")
            #expect(written.stdout == "", "\(written)")
        }
    }

    @Test func branchesAndSeveritiesHaveRoutesOfTheirOwn() async throws {
        let release = try LoopbackServer { _ in .respond(status: 204) }
        let group = try LoopbackServer { _ in .respond(status: 200, body: Array("{\"errcode\":0}".utf8)) }
        let more = """
            [notify]
            routes = { warning = "stdout" }
            branches = { "release/*" = "webhook", "hotfix/*" = { warning = "wecom,nothing" } }

            """.replacing(",nothing", with: "")
        try await withFleetFixture(policy: Self.policy, more: more) { fleet in
            _ = try await fleet.succeed(
                "up", adding: ["NOTIFY_WEBHOOK_URL": release.url, "WECOM_WEBHOOK": group.url + "/?key=k"])
            for branch in ["release/1", "hotfix/2", "feature/3"] {
                try await fleet.succeed("spawn", branch)
                try await tell(fleet, branch, 1)
            }
            let isTold = try await eventually(within: .seconds(20)) {
                try release.received.count == 1 && group.received.count == 1
                    && fleet.daemonLog().contains("[NOTIFY] told by feature/3")
            }
            try expect(isTold, fleet)
            let log = try fleet.daemonLog()
            #expect(!log.contains("[NOTIFY] told by release/1") && !log.contains("[NOTIFY] told by hotfix/2"))
            #expect(
                try JSONValue.parse(bytes: release.received[0].body)["title"]?.string == "told by release/1")
        }
    }

    @Test func commandsOfTheBusAreTypedAndConfirmationsAnswer() async throws {
        let policy = """
            pipelines:
              - name: delivery
                match: { branch: "*" }
                stages:
                  - name: release
                    require_approval: { prompt: "Release?" }
                    actions_on_start: [ { shell: "echo out >>released" } ]

            """
        try await withFleetFixture(
            policy: policy, more: "[notify]\nchannels = \"local_bus\"\n"
        ) { fleet in
            let bus = fleet.home.appending("bus")
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            try await fleet.succeed("spawn", "feature/y")
            func write(_ line: String, _ file: String) throws {
                try Files.append(line + "\n", to: bus.appending(file))
            }
            // Whether or not the daemon has looked at the bus yet.
            let now = time(nil)
            try write(
                "{\"branch\":\"feature/x\",\"text\":\"to one\",\"id\":\"c1\",\"sender\":\"phone\",\"ts\":\(now)}",
                "commands.jsonl")
            try write("{\"text\":\"to nobody\",\"id\":\"c2\"}", "commands.jsonl")
            try write(
                "{\"branch\":\"feature/x\",\"text\":\"to one\",\"id\":\"c1\",\"sender\":\"phone\"}",
                "commands.jsonl")
            try write(
                "{\"session\":\"agent-feature-y\",\"keys\":[\"h\",\"i\",\"Enter\"],\"id\":\"c3\",\"ts\":\(now)}",
                "commands.jsonl")
            let isTyped = try await eventually(within: .seconds(20)) {
                let one = try await fleet.run("logs", "feature/x").stdout
                let other = try await fleet.run("logs", "feature/y").stdout
                return one.contains("Noted: to one") && other.contains("Noted: hi")
            }
            try expect(isTyped, fleet)
            let texts =
                try await fleet.run("logs", "feature/x").stdout + fleet.run("logs", "feature/y").stdout
            #expect(texts.components("Noted: to one") == 1, "\(texts)")
            #expect(!texts.contains("to nobody"))
            #expect(
                try fleet.daemonLog().contains(
                    "bus: commands.jsonl: c2: it names no branch, session or pane_id"))

            // The question stands on the bus, without links, and the bus answers it.
            let question = try await fleet.question(of: "feature/x")
            let id = try #require(question["id"]?.string)
            var line: JSONValue?
            let isThere = try await eventually(within: .seconds(20)) {
                line = try await fleet.run("bus", "show", "notifications", "--json").json["lines"]?.array?
                    .first { $0["meta"]?["approval"]?.string == id }
                return line != nil
            }
            #expect(isThere)
            #expect(line?["meta"]?["requires_attention"] == true)
            #expect(line?["title"]?.string == "Approval needed: stage 'release' of 'delivery' on feature/x")
            try write("{\"approval\":\"\(id)\",\"action\":\"approve\",\"id\":\"f1\"}", "confirmations.jsonl")
            try await fleet.expectFile(".tmuxagent/worktrees/feature-x/released", contains: "out")
            let answered = try await fleet.run("approvals", "show", id, "--json").json["approval"]
            #expect(answered?["answered_by"]?.string == "bus: unknown writer")

            // Later reading.
            let export = try await fleet.run("bus", "export", "--since", "1h").stdout.split(separator: "\n")
            let files = try export.map { try JSONValue.parse(String($0))["bus"]?.string }
            #expect(Set(files) == ["notifications"], "those without a time are not of the last hour")
            let all = try await fleet.run("bus", "show").stdout
            #expect(all.contains("commands agent-feature-y <- [\"h\",\"i\",\"Enter\"]"), "\(all)")
            #expect(try await fleet.run("bus", "show", "nothing").status == 64)
            #expect(try await fleet.run("bus", "show", "--since", "yesterday").status == 64)
        }
    }

    @Test func relayPassesQuestionsOnWithTheirLinks() async throws {
        let policy = """
            pipelines:
              - name: delivery
                match: { branch: "*" }
                stages:
                  - name: release
                    require_approval: { prompt: "Release?" }

            """
        let code = Setting(45009)
        let server = try LoopbackServer { _ in
            .respond(status: 200, body: Array("{\"errcode\":\(code.value)}".utf8))
        }
        let more =
            "[notify]\nchannels = \"local_bus\"\n[dashboard]\npublic_url = \"https://agents.example.com\"\n"
        try await withFleetFixture(policy: policy, more: more) { fleet in
            let variables = ["WECOM_WEBHOOK": server.url + "/?key=k"]
            try await fleet.succeed("up")
            try await fleet.succeed("spawn", "feature/x")
            let question = try await fleet.question(of: "feature/x")
            let bus = fleet.home.appending("bus/notifications.jsonl")
            let isThere = try await eventually(within: .seconds(20)) {
                try Files.readText(bus)?.contains("Approval needed") == true
            }
            #expect(isThere)
            try Files.append(
                "{\"title\":\"by hand\",\"body\":\"b\",\"ts\":1}\nbroken\n{\"title\":\"of another\",\"id\":\"z\"}\n",
                to: bus)

            // What the channel does not take is kept and said.
            let busy = try await fleet.run(["relay", "--channel", "wecom", "--once"], adding: variables)
            #expect(busy.status == 1)
            #expect(busy.stderr.contains("2 messages were not delivered: WeCom error 45009"), "\(busy)")
            code.set(0)
            try await fleet.later("UPDATE delivery SET dueAt = 0 WHERE state = 'pending'")
            let done = try await fleet.run(["relay", "--channel", "wecom", "--once"], adding: variables)
            #expect(done.status == 0 && done.stdout == "Sent 2 messages.\n", "\(done)")
            let contents = try server.received.dropFirst().map {
                try JSONValue.parse(bytes: $0.body)["markdown"]?["content"]?.string ?? ""
            }
            try #require(contents.count == 2, "\(contents)")
            let approve = try #require(question["links"]?["approve"]?.string)
            #expect(
                contents[0].hasPrefix(
                    "**Approval needed: stage 'release' of 'delivery' on feature/x**\n\nRelease?"))
            #expect(contents[0].contains("[Approve](\(approve))"), "\(contents[0])")
            #expect(contents[1] == "**of another**")

            // What it gives up is listed with the fleet's own, and sent again by the relay.
            try Files.append("{\"title\":\"late\",\"id\":\"late\"}\n", to: bus)
            code.set(93000)
            let given = try await fleet.run(["relay", "--channel", "wecom", "--once"], adding: variables)
            #expect(given.status == 1)
            #expect(given.stderr.contains("1 message was given up: WeCom error 93000"), "\(given)")
            let letter = try await fleet.run("notify", "dead", "--json").json["deliveries"]?.array?.first
            #expect(
                letter?["relay"] == "relay-wecom" && letter?["title"] == "late",
                "\(String(describing: letter))")
            #expect(try await fleet.succeed("notify", "dead").contains("wecom (relay-wecom)"))
            let number = try #require(letter?["id"]?.integer)
            let retried = try await fleet.run("notify", "retry", "\(number)")
            #expect(retried.stdout == "1 message is sent again.\n", "\(retried)")
            #expect(retried.stderr.contains("They wait for the relay 'relay-wecom'"), "\(retried)")
            code.set(0)
            _ = try await fleet.succeed("relay", "--channel", "wecom", "--once", adding: variables)
            #expect(server.received.count == 5)
            #expect(try await fleet.run("notify", "dead", "--json").json["deliveries"] == .array([]))

            // Again there is nothing to do; under another name everything is new, but for what was answered.
            _ = try await fleet.succeed("relay", "--channel", "wecom", "--once", adding: variables)
            #expect(server.received.count == 5)
            try await fleet.succeed("approve", "feature/x")
            let other = try await fleet.run(
                ["relay", "--config", ".", "--channel", "wecom", "--once", "--offset-name", "second"],
                adding: variables)
            #expect(other.status == 0, "\(other)")
            #expect(server.received.count == 7)

            #expect(try await fleet.run("relay", "--channel", "local_bus", "--once").status == 64)
            #expect(try await fleet.run("relay", "--channel", "wecom", "--once").status == 78)
            #expect(try await fleet.run("relay", "--channel", "wecom", "--interval", "0").status == 64)
        }
    }

    @Test func relayOfAHostsFileFollowsTheBusUntilItIsEnded() async throws {
        let server = try LoopbackServer { _ in .respond(status: 204) }
        try await withFleetFixture(scripts: nil) { fleet in
            try fleet.write("bus_dir: bus\nsqlite_path: s.db\n", to: "hosts.yaml")
            let script = """
                "$1" relay --config hosts.yaml --channel webhook --interval 1 2>relay.log &
                first=$!
                while ! grep -q relaying relay.log; do kill -0 $first || exit 9; read -r -t 0.05 <> <(:) || true; done
                mkdir -p bus
                printf '{"title":"one","id":"1"}\\n{"title":"two","id":"2"}\\n' >>bus/notifications.jsonl
                while [ "$(cat bus/offsets/notifications.relay-webhook 2>/dev/null)" != "1 50" ]; do kill -0 $first || exit 8; read -r -t 0.05 <> <(:) || true; done
                "$1" relay --config hosts.yaml --channel webhook; echo "second $?"
                while [ ! -e delivered ]; do kill -0 $first || exit 7; read -r -t 0.05 <> <(:) || true; done
                kill -TERM $first; wait $first; echo "first $?"
                """
            async let outcome = fleet.shell("export NOTIFY_WEBHOOK_URL='\(server.url)'\n" + script)
            let isThere = try await eventually(within: .seconds(30)) { server.received.count == 2 }
            #expect(isThere)
            try fleet.write("", to: "delivered")
            let ended = try await outcome
            let log = try fleet.read("relay.log") ?? ""
            #expect(ended.stdout == "second 1\nfirst 0\n", "\(ended)\n\(log)")
            #expect(ended.stderr.contains("Another process relays this already"), "\(ended)")
            let titles = try server.received.map { try JSONValue.parse(bytes: $0.body)["title"]?.string }
            #expect(titles == ["one", "two"])
        }
    }
}

extension FleetFixture {
    /// Changes the database as time would.
    fileprivate func later(_ sql: String) async throws {
        let result = try await CommandRunner().run(
            Command(
                "sqlite3", ["-batch", "-cmd", ".timeout 5000", home.appending("state.db").string, sql],
                environment: environment, timeout: .seconds(30)))
        guard result.isSuccess else { throw LaterError(text: result.errorText) }
    }
}

private struct LaterError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

extension String {
    /// How often `part` stands in it.
    fileprivate func components(_ part: String) -> Int { ranges(of: part).count }
}
