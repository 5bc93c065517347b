import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Notify

@Suite(.timeLimit(.minutes(1)))
struct WeComTests {
    private let variables = [
        "WECOM_CORP_ID": "ww1", "WECOM_AGENT_ID": "1000002", "WECOM_APP_SECRET": "s3cret/+",
    ]

    /// A server of WeCom's kind: tokens `t1`, `t2`, …; what is sent with a token of `bad` is refused with that code.
    private func server(
        expiresIn: Int = 7200, bad: [String: Int] = [:]
    ) throws -> LoopbackServer {
        let tokens = Setting(1)
        return try LoopbackServer { request in
            guard request.line.contains("/gettoken?") else {
                let token = request.line.split(separator: "=").last?.prefix { $0 != " " } ?? ""
                return .json("{\"errcode\":\(bad[String(token)] ?? 0),\"errmsg\":\"said\"}")
            }
            return .json(
                "{\"errcode\":0,\"errmsg\":\"ok\",\"access_token\":\"t\(tokens.next())\",\"expires_in\":\(expiresIn)}"
            )
        }
    }

    private func app(
        _ server: LoopbackServer, in folder: FilePath, adding more: [String: String] = [:]
    ) throws -> any Channel {
        try #require(
            try channel(
                "wecom_app",
                variables.merging(["WECOM_API_BASE": server.url]) { $1 }.merging(more) { $1 }, in: folder))
    }

    @Test func appFetchesATokenAndSends() async throws {
        try await withTemporaryFolder { folder in
            let server = try server()
            #expect(await (try app(server, in: folder)).send(message("完成", "b"), at: noon) == nil)
            let body =
                "{\"agentid\":1000002,\"markdown\":{\"content\":\"**完成**\\n\\nb\"},"
                + "\"msgtype\":\"markdown\",\"touser\":\"@all\"}"
            #expect(
                server.texts == [
                    request(
                        "GET /cgi-bin/gettoken?corpid=ww1&corpsecret=s3cret%2F%2B", port: server.port),
                    request(
                        "POST /cgi-bin/message/send?access_token=t1", port: server.port,
                        headers: ["Content-Type: application/json"], body: body),
                ])
        }
    }

    @Test func aQuestionIsACardAndReceiversAreThoseThatAreNamed() async throws {
        try await withTemporaryFolder { folder in
            let server = try server()
            let app = try app(server, in: folder, adding: ["WECOM_TOPARTY": "1|2", "WECOM_TOTAG": "3"])
            #expect(await app.send(question(), at: noon) == nil)
            let body = try JSONValue.parse(bytes: try #require(server.received.last).body)
            #expect(
                body == [
                    "agentid": 1_000_002, "msgtype": "textcard", "toparty": "1|2", "totag": "3",
                    "textcard": [
                        "title": "Approval needed", "description": "Ship it?", "btntxt": "Answer",
                        "url": "https://fleet/a/tok/approve",
                    ],
                ])
        }
    }

    @Test func tokenIsKeptForAllProcessesAndRenewedEarly() async throws {
        try await withTemporaryFolder { folder in
            let server = try server()
            #expect(await (try app(server, in: folder)).send(message(), at: noon) == nil)
            let file = folder.appending(".tmux_agent/tokens")
            let name = try #require(Files.names(in: file).first)
            #expect(!name.contains("ww1"))
            var info = stat()
            #expect(stat(file.appending(name).string, &info) == 0)
            #expect(info.st_mode & 0o777 == 0o600)
            // Another process, a while later.
            #expect(await (try app(server, in: folder)).send(message(), at: later(6890)) == nil)
            #expect(server.received.count == 3)
            // Five minutes before its end it is not used any more.
            #expect(await (try app(server, in: folder)).send(message(), at: later(6901)) == nil)
            #expect(server.received.map(\.line).filter { $0.contains("gettoken") }.count == 2)
            #expect(server.received.last?.line.contains("access_token=t2 ") == true)
            // Another app has a token of its own.
            let other = try app(server, in: folder, adding: ["WECOM_AGENT_ID": "7"])
            #expect(await other.send(message(), at: later(6901)) == nil)
            #expect(server.received.last?.line.contains("access_token=t3 ") == true)
            #expect(Files.names(in: file).count == 2)
        }
    }

    @Test func tokenThatOthersCouldWriteIsNotUsed() async throws {
        try await withTemporaryFolder { folder in
            let server = try server()
            let app = try app(server, in: folder)
            #expect(await app.send(message(), at: noon) == nil)
            let tokens = folder.appending(".tmux_agent/tokens")
            let file = tokens.appending(try #require(Files.names(in: tokens).first))
            #expect(chmod(file.string, 0o644) == 0)
            #expect(await app.send(message(), at: noon) == nil)
            #expect(server.received.last?.line.contains("access_token=t2 ") == true)
            try Files.write("garbage", to: file, mode: .init(rawValue: 0o600))
            #expect(await app.send(message(), at: noon) == nil)
            #expect(server.received.last?.line.contains("access_token=t3 ") == true)
        }
    }

    @Test(arguments: [40014, 42001])
    func tokenThatIsNotGoodAnyMoreIsFetchedAnewOnce(code: Int) async throws {
        try await withTemporaryFolder { folder in
            let server = try server(bad: ["t1": code])
            let app = try app(server, in: folder)
            // A fresh token that is refused is a failure: fetching more would not help.
            let failure = try #require(await app.send(message(), at: noon))
            #expect(failure.reason.contains("WeCom error \(code): the access token"))
            #expect(server.received.count == 2)
            // The next message finds it on the disk, is refused, and fetches another.
            #expect(await app.send(message(), at: noon) == nil)
            #expect(server.received.count == 5)
            #expect(server.received.last?.line.contains("access_token=t2 ") == true)
        }
    }

    @Test func refusedSecretIsSaidAndHidden() async throws {
        try await withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in
                .json("{\"errcode\":40001,\"errmsg\":\"invalid credential s3cret/+, hint: x\"}")
            }
            let failure = try #require(await (try app(server, in: folder)).send(message(), at: noon))
            #expect(failure.reason.contains("WECOM_APP_SECRET is not the secret of this app"))
            #expect(server.received.count == 1)
        }
    }

    @Test(arguments: [
        ("short", 10, "short"), ("exactly 10", 10, "exactly 10"), ("more than ten", 10, "more th…"),
        ("日本語日本語", 10, "日本…"), ("a👨‍👩‍👧b", 12, "a…"), ("日本", 2, ""), ("日本", 3, "…"),
    ])
    func textIsCutBetweenCharacters(text: String, limit: Int, expected: String) {
        let cut = WeComText.cut(text, bytes: limit)
        #expect(cut == expected)
        #expect(cut.utf8.count <= limit)
    }

    @Test(arguments: ["x", "é", "日", "👨‍👩‍👧"])
    func markdownFitsWeComAndKeepsItsLinks(letter: String) {
        for count in [1300, 1364, 1365, 1366, 2040, 4070, 5000] {
            var notice = question()
            notice.body = String(repeating: letter, count: count)
            let text = WeComText.markdown(notice)
            #expect(text.utf8.count <= 4096)
            #expect(text.hasPrefix("**Approval needed**\n\n\(letter)"))
            #expect(text.hasSuffix("[Reject](https://fleet/a/tok/reject)\ntmux-agent approve ap-1"))
            #expect(text.contains("[Approve](https://fleet/a/tok/approve)"))
        }
    }
}
