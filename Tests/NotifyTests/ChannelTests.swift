import Core
import Crypto
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing
import TmuxKit

@testable import Notify

/// Every byte that a channel sends, and every way in which its server may fail.
@Suite(.timeLimit(.minutes(1)))
struct ChannelTests {
    private static let jsonHeader = "Content-Type: application/json"

    @Test func webhookGetsSignedJSON() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in .respond(status: 204) }
            let webhook = try #require(
                try channel("webhook", ["NOTIFY_WEBHOOK_URL": server.url + "/hook"], in: folder))
            #expect(await webhook.send(message("Ready \u{1b}[31m"), at: noon) == nil)
            let body = """
                {"approval":null,"at":"2026-01-01T12:00:00.500Z","body":"two\\nlines","branch":"feature/a",\
                "id":"run/stage/1/notify/0","kind":"message","requires_attention":false,"severity":"warning",\
                "source":"shop","title":"Ready \\u001b[31m"}
                """
            // The receiver's side of the agreement, from the documented recipe alone.
            let key = HKDF<SHA256>.deriveKey(
                inputKeyMaterial: SymmetricKey(data: secret), info: Array("tmux-agent notify webhook".utf8),
                outputByteCount: 32)
            #expect(WebhookKey(secret: secret).text == Hexadecimal.text(key.withUnsafeBytes { Array($0) }))
            let code = HMAC<SHA256>.authenticationCode(
                for: Array("1767268800.run/stage/1/notify/0.\(body)".utf8), using: key)
            let hex = Array(code).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(
                server.texts == [
                    request(
                        "POST /hook", port: server.port,
                        headers: [
                            Self.jsonHeader, "X-Timestamp: 1767268800", "X-Notice-Id: run/stage/1/notify/0",
                            "X-Signature-256: sha256=\(hex)",
                        ], body: body)
                ])
        }
    }

    @Test func serverChanGetsAForm() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in .json("{\"code\":0,\"message\":\"\"}") }
            let chan = try #require(
                try channel(
                    "serverchan",
                    ["SENTRY_SERVERCHAN_KEY": "SCT1 /x", "SERVERCHAN_API_BASE": server.url + "/"], in: folder)
            )
            #expect(await chan.send(message("完成 & more=1", "100%\n下一步"), at: noon) == nil)
            #expect(
                server.texts == [
                    request(
                        "POST /SCT1%20%2Fx.send", port: server.port,
                        headers: ["Content-Type: application/x-www-form-urlencoded"],
                        body: "title=%E5%AE%8C%E6%88%90%20%26%20more%3D1"
                            + "&desp=100%25%0A%E4%B8%8B%E4%B8%80%E6%AD%A5")
                ])
        }
    }

    @Test func serverChansCodeIsAFailureToo() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in
                .json("{\"code\":40001,\"message\":\"bad pushkey SCT12345\"}")
            }
            let chan = try #require(
                try channel(
                    "serverchan",
                    ["SENTRY_SERVERCHAN_KEY": "SCT12345", "SERVERCHAN_API_BASE": server.url], in: folder))
            let failure = try #require(await chan.send(message(), at: noon))
            #expect(failure.reason.hasPrefix("ServerChan error 40001: bad pushkey"))
            // The end of a day's messages has the same code, and passes.
            #expect(!failure.isChannelDown && !failure.isFinal)
        }
    }

    @Test func robotGetsMarkdown() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in .json("{\"errcode\":0,\"errmsg\":\"ok\"}") }
            let robot = try #require(
                try channel(
                    "wecom",
                    [
                        "WECOM_WEBHOOK": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k-1",
                        "WECOM_API_BASE": server.url,
                    ], in: folder))
            #expect(await robot.send(message("完成", "<@all> x"), at: noon) == nil)
            #expect(await robot.send(question(), at: noon) == nil)
            let first = "{\"markdown\":{\"content\":\"**完成**\\n\\n< @all> x\"},\"msgtype\":\"markdown\"}"
            let second =
                "{\"markdown\":{\"content\":\"**Approval needed**\\n\\nShip it?\\n\\n"
                + "[Approve](https://fleet/a/tok/approve)  [Reject](https://fleet/a/tok/reject)\\n"
                + "tmux-agent approve ap-1\"},\"msgtype\":\"markdown\"}"
            #expect(
                server.texts
                    == [first, second].map {
                        request(
                            "POST /cgi-bin/webhook/send?key=k-1", port: server.port,
                            headers: [Self.jsonHeader], body: $0)
                    })
        }
    }

    @Test(arguments: [("k-2", "/cgi-bin/webhook/send?key=k-2"), ("URL/own?key=k-3", "/own?key=k-3")])
    func robotIsFoundByKeyOrAddress(given: String, path: String) async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in .json("{\"errcode\":0}") }
            let robot = try #require(
                try channel(
                    "wecom",
                    [
                        "WECOM_WEBHOOK": given.replacing("URL", with: server.url),
                        "WECOM_API_BASE": server.url + "/cgi-bin/",
                    ], in: folder))
            #expect(await robot.send(message(), at: noon) == nil)
            #expect(server.received.map(\.line) == ["POST \(path) HTTP/1.1"])
        }
    }

    @Test(
        arguments: [
            (45009, "too many messages for now", .seconds(60), true, false),
            (93000, "the key in WECOM_WEBHOOK is not that of a robot", nil, false, true),
            (60020, "this machine's address is not among the trusted addresses", nil, false, true),
            (-1, "WeCom is busy", nil, true, false), (123_456, "(some words)", nil, false, false),
        ] as [(Int, String, Duration?, Bool, Bool)])
    func weComsErrorsAreSaidInWords(
        code: Int, words: String, pause: Duration?, isDown: Bool, isFinal: Bool
    ) async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in
                .json("{\"errcode\":\(code),\"errmsg\":\"some words, hint: [17], from ip: 1.2.3.4\"}")
            }
            let robot = try #require(
                try channel("wecom", ["WECOM_WEBHOOK": server.url + "/s?key=sekret-key"], in: folder))
            let failure = try #require(await robot.send(message(), at: noon))
            #expect(failure.reason.hasPrefix("WeCom error \(code): "))
            #expect(failure.reason.contains(words), "\(failure.reason)")
            #expect(!failure.reason.contains("1.2.3.4"))
            #expect(failure.pause == pause)
            #expect(failure.isChannelDown == isDown && failure.isFinal == isFinal)
        }
    }

    // MARK: - Troubles of servers

    struct Trouble: Sendable, CustomTestStringConvertible {
        var name: String
        var answer: LoopbackServer.Answer
        var words: String
        var pause: Duration?
        var isDown = true
        var isFinal = false
        var testDescription: String { name }
    }

    @Test(arguments: [
        Trouble(name: "500", answer: .json("oops", status: 500), words: "answered with status 500: oops"),
        Trouble(
            name: "302", answer: .respond(status: 302), words: "answered with status 302", isDown: false,
            isFinal: true),
        Trouble(
            name: "404", answer: .respond(status: 404), words: "answered with status 404", isDown: false,
            isFinal: true),
        Trouble(name: "409", answer: .respond(status: 409), words: "answered with status 409", isDown: false),
        Trouble(
            name: "429", answer: .respond(status: 429, headers: ["Retry-After": "7"]),
            words: "answered with status 429", pause: .seconds(7)),
        Trouble(
            name: "503 with a date",
            answer: .respond(status: 503, headers: ["Retry-After": "Thu, 01 Jan 2026 12:01:00 GMT"]),
            words: "answered with status 503", pause: .milliseconds(59_500)),
        Trouble(name: "reset", answer: .reset, words: "127.0.0.1"),
        Trouble(name: "garbage", answer: .raw(Array("nonsense\r\n\r\n".utf8)), words: "127.0.0.1"),
        Trouble(name: "no JSON", answer: .json("<html>"), words: "but not in JSON: <html>"),
        Trouble(name: "other JSON", answer: .json("{}"), words: "without an 'errcode'"),
        Trouble(
            name: "its own secret", answer: .json("no such key: sekret-key-1", status: 403),
            words: "answered with status 403: no such key: [redacted]", isDown: false, isFinal: true),
    ])
    func troubleIsSaidWithoutSecrets(_ trouble: Trouble) async throws {
        try await withTemporaryFolder { folder in
            let answer = trouble.answer
            let server = try LoopbackServer { _ in answer }
            let robot = try #require(
                try channel("wecom", ["WECOM_WEBHOOK": server.url + "/s?key=sekret-key-1"], in: folder))
            let failure = try #require(await robot.send(message(), at: noon))
            #expect(failure.reason.contains(trouble.words), "\(failure.reason)")
            #expect(!failure.reason.contains("sekret"), "\(failure.reason)")
            #expect(failure.pause == trouble.pause)
            #expect(failure.isChannelDown == trouble.isDown && failure.isFinal == trouble.isFinal)
        }
    }

    @Test func serverThatSpeaksNoTLSIsRefused() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer(greeting: Array("220 plain text here\r\n".utf8)) { _ in .hang }
            let robot = try #require(
                try channel(
                    "wecom", ["WECOM_WEBHOOK": "https://127.0.0.1:\(server.port)/s?key=sekret-key-1"],
                    in: folder))
            let failure = try #require(await robot.send(message(), at: noon))
            #expect(failure.isChannelDown)
            #expect(failure.reason.hasPrefix("127.0.0.1:\(server.port): SSL"), "\(failure.reason)")
            #expect(server.received.isEmpty)
        }
    }

    // MARK: - Channels of this machine

    @Test func busGetsALineWithoutLinks() async throws {
        try await withTemporaryFolder { folder in
            let bus = try #require(try channel("local_bus", [:], in: folder))
            #expect(await bus.send(question(), at: noon) == nil)
            let text = try #require(try Files.readText(folder.appending("bus/notifications.jsonl")))
            #expect(
                text == """
                    {"body":"Ship it?\\ntmux-agent approve ap-1","id":"ap-1/asked",\
                    "meta":{"approval":"ap-1","branch":"feature/a","kind":"approval","requires_attention":true,\
                    "severity":"warning"},"source":"shop","title":"Approval needed","ts":1767268800.5}

                    """)
        }
    }

    @Test func linksAreForTerminalsAndNotForLogs() {
        let (log, terminal) = (
            StandardOutput.text(of: question(), withLinks: false),
            StandardOutput.text(of: question(), withLinks: true)
        )
        #expect(log.hasPrefix("[NOTIFY] ") && !log.contains("http"))
        #expect(terminal.contains("Approve: http"))
        for hint in question().hints { #expect(log.contains(hint) && terminal.contains(hint)) }
    }

    @Test func desktopIsAskedBySafeArguments() async throws {
        try await withTemporaryFolder { folder in
            let bin = folder.appending("bin")
            try Files.makeFolder(bin)
            try Files.write(
                "#!/bin/sh\nprintf '%s\\n' \"$@\" >'\(folder)/said'\ncase \"$*\" in *fail*) echo no >&2; exit 3;; esac\n",
                to: bin.appending("notify-send"), mode: .init(rawValue: 0o755))
            let variables = ["DISPLAY": ":0", "PATH": "\(bin):/usr/bin:/bin"]
            let desktop = try #require(try channel("desktop", variables, in: folder))
            #expect(await desktop.send(message("--help", "<b>&\u{1b}", severity: .critical), at: noon) == nil)
            #expect(
                try Files.readText(folder.appending("said"))
                    == "--app-name=tmux-agent\n--urgency=critical\n--\n--help\n&lt;b&gt;&amp;\\e\n")
            let failure = await desktop.send(message("fail"), at: noon)
            #expect(failure?.reason == "notify-send exited with 3: no")
        }
    }

    @Test func everybodyAtTmuxSeesTheLine() async throws {
        try await withTmux { fixture in
            let tmux = Tmux(
                address: try TmuxServerAddress(path: fixture.socket), configurationFile: "/dev/null",
                environment: fixture.environment)
            let line = try #require(try channel("tmux", [:], in: fixture.folder, tmux: tmux))
            try await fixture.tmux("new-session", "-d", "-s", "a", "-x", "120", "-y", "10", "cat")
            #expect(await line.send(message(), at: noon)?.reason == "nobody is attached to tmux")
            // A client inside of a pane is one whose screen can be read.
            try await fixture.tmux(
                "new-session", "-d", "-s", "viewer", "-x", "120", "-y", "10",
                "TMUX= exec tmux -S \(fixture.socket) attach -t a")
            let isAttached = try await eventually(within: .seconds(20)) {
                try await !fixture.tmux("list-clients", "-t", "a").isEmpty
            }
            #expect(isAttached)
            try await fixture.tmux("set-option", "-g", "display-time", "20000")
            #expect(
                await line.send(message("#(touch \(fixture.folder)/owned) 100% %H", "b"), at: noon) == nil)
            let isShown = try await eventually(within: .seconds(20)) {
                try await fixture.tmux("capture-pane", "-p", "-t", "viewer").contains(
                    "#(touch \(fixture.folder)/owned) 100% %H: b")
            }
            let screen = try await fixture.tmux("capture-pane", "-p", "-t", "viewer")
            #expect(isShown, "\(screen)")
            #expect(!Files.exists(fixture.folder.appending("owned")))
        }
    }

    // MARK: - What channels lack

    @Test func channelsThatCannotBeUsedAreNamedWithTheReason() throws {
        let folder = FilePath("/nonexistent")
        let set = try channels(
            ["stdout", "webhook", "pigeon", "wecom", "wecom_app", "serverchan", "desktop", "tmux"],
            ["WECOM_CORP_ID": "c", "WECOM_AGENT_ID": ""], in: folder)
        #expect(Array(set.channels.keys) == ["stdout"])
        #expect(set.unusable["webhook"] == "NOTIFY_WEBHOOK_URL is not set")
        #expect(set.unusable["wecom"] == "WECOM_WEBHOOK is not set")
        #expect(set.unusable["wecom_app"] == "WECOM_AGENT_ID is not set")
        #expect(set.unusable["serverchan"] == "SENTRY_SERVERCHAN_KEY is not set")
        #expect(set.unusable["pigeon"] == "there is no such channel")
        #expect(set.unusable["desktop"]?.hasPrefix("none of DBUS_SESSION_BUS_ADDRESS") == true)
        #expect(set.unusable["tmux"] == "there is no tmux server of ours")
    }
}
