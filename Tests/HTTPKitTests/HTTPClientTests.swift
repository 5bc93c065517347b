import Core
import HTTPKit
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct HTTPClientTests {
    let client = HTTPClient(label: "test")

    @Test func everyByteOfTheRequestArrivesAndTheAnswerComesBack() async throws {
        let server = try LoopbackServer { _ in
            .respond(status: 201, headers: ["X-Thing": " padded "], body: Array("made 日本".utf8))
        }
        let body = Array(0...255).map(UInt8.init)
        let response = try await client.send(
            HTTPRequest(
                method: "POST", url: server.url + "/a?b=c",
                headers: [("Content-Type", "application/x-thing")], body: body))
        #expect(response.status == 201)
        #expect(response.isSuccess)
        #expect(response.text == "made 日本")
        #expect(response.headers["x-thing"] == "padded")
        let request = try #require(server.received.first)
        #expect(request.line == "POST /a?b=c HTTP/1.1")
        #expect(request.body == body)
        #expect(request.headers["content-type"] == "application/x-thing")
        #expect(request.headers["user-agent"] == "tmux-agent")
        #expect(request.headers["expect"] == nil)
    }

    @Test(arguments: [400, 404, 500, 503])
    func refusalIsAValue(status: Int) async throws {
        let server = try LoopbackServer { _ in .respond(status: status, body: Array("no".utf8)) }
        let response = try await client.send(HTTPRequest(url: server.url))
        #expect(response.status == status)
        #expect(!response.isSuccess)
    }

    @Test func redirectIsNotFollowed() async throws {
        let server = try LoopbackServer { _ in .respond(status: 302, headers: ["Location": "/elsewhere"]) }
        let response = try await client.send(HTTPRequest(url: server.url))
        #expect(response.status == 302)
        #expect(response.headers["location"] == "/elsewhere")
        #expect(server.received.count == 1)
    }

    @Test func silentServerRunsIntoTheTimeLimit() async throws {
        let server = try LoopbackServer { _ in .hang }
        await #expect(throws: HTTPError.timedOut(host: "127.0.0.1:\(server.port)")) {
            try await client.send(HTTPRequest(url: server.url + "/secret-path", timeout: .milliseconds(100)))
        }
    }

    @Test func cancelledExchangeIsGivenUp() async throws {
        let server = try LoopbackServer { _ in .hang }
        let client = client
        let exchange = Task { () async throws(HTTPError) -> HTTPResponse in
            try await client.send(HTTPRequest(url: server.url, timeout: .seconds(50)))
        }
        let isAsked = try await eventually { server.received.count == 1 }
        #expect(isAsked)
        exchange.cancel()
        await #expect(throws: HTTPError.cancelled(host: "127.0.0.1:\(server.port)")) {
            try await exchange.value
        }
    }

    @Test func tricklingServerRunsIntoTheTimeLimit() async throws {
        let server = try LoopbackServer { _ in
            .trickle(
                Array("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n".utf8)
                    + [UInt8](repeating: 65, count: 5000), pause: .milliseconds(5))
        }
        await #expect(throws: HTTPError.timedOut(host: "127.0.0.1:\(server.port)")) {
            try await client.send(HTTPRequest(url: server.url, timeout: .milliseconds(400)))
        }
    }

    @Test func slowAnswerInTimeIsWhole() async throws {
        let server = try LoopbackServer { _ in
            .trickle(
                Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole".utf8), pause: .milliseconds(1))
        }
        let response = try await client.send(HTTPRequest(url: server.url))
        #expect(response.text == "whole")
    }

    @Test(
        arguments: [
            ("7", .seconds(7)), ("0", .seconds(0)), ("-1", nil), ("soon", nil),
            ("99999999", .seconds(86_400)), ("Thu, 01 Jan 2026 12:00:30 GMT", .seconds(30)),
            ("Thu, 01 Jan 2026 11:00:00 GMT", .zero), ("Thu, 41 Jan 2026 11:00:00 GMT", nil),
            ("Thu, 01 Foo 2026 11:00:00 GMT", nil),
        ] as [(String, Duration?)])
    func retryAfterIsSecondsOrADate(text: String, pause: Duration?) async throws {
        let server = try LoopbackServer { _ in .respond(status: 503, headers: ["Retry-After": text]) }
        let response = try await client.send(HTTPRequest(url: server.url))
        // 2026-01-01T12:00:00Z
        #expect(response.retryAfter(at: Timestamp(milliseconds: 1_767_268_800_000)) == pause)
    }

    @Test func certificateThatNobodyVouchesForIsRefused() async throws {
        try await withTemporaryFolder { folder in
            let environment = ["PATH": "/usr/bin:/bin", "HOME": folder.string]
            let made = try await CommandRunner().run(
                Command(
                    "openssl",
                    [
                        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", "key", "-out", "certificate", "-subj", "/CN=127.0.0.1", "-days", "2",
                    ], environment: environment, workingDirectory: folder))
            try #require(made.isSuccess, "\(made.errorText)")
            let server = Command(
                "openssl",
                ["s_server", "-accept", "127.0.0.1:0", "-cert", "certificate", "-key", "key", "-www"],
                environment: environment, workingDirectory: folder)
            try await CommandRunner().withChild(server) { child in
                var said = ""
                while !said.contains("ACCEPT 127.0.0.1:") || !said.hasSuffix("\n") {
                    var buffer = [UInt8](repeating: 0, count: 4096)
                    let count = try buffer.withUnsafeMutableBytes { try child.output.read(into: $0) }
                    try #require(count > 0, "it ended: \(said)")
                    said += String(decoding: buffer[..<count], as: UTF8.self)
                }
                let port = try #require(said.split(separator: ":").last?.prefix { $0.isNumber })
                let error = try await #require(throws: HTTPError.self) {
                    try await client.send(HTTPRequest(url: "https://127.0.0.1:\(port)/secret-path"))
                }
                #expect(error.message.hasPrefix("127.0.0.1:\(port): SSL"), "\(error.message)")
                #expect(!error.message.contains("secret-path"))
            }
        }
    }

    @Test func resetAndGarbageAreFailuresThatNameTheHostAndNotThePath() async throws {
        for answer in [LoopbackServer.Answer.reset, .raw(Array("no http at all\r\n\r\n".utf8))] {
            let server = try LoopbackServer { _ in answer }
            let error = await #expect(throws: HTTPError.self) {
                try await client.send(HTTPRequest(url: server.url + "/secret-path"))
            }
            let message = try #require(error?.message)
            #expect(message.contains("127.0.0.1"))
            #expect(!message.contains("secret-path"))
        }
    }

    @Test func endlessAnswerIsCut() async throws {
        let server = try LoopbackServer { _ in
            .respond(status: 200, body: [UInt8](repeating: 65, count: HTTPClient.responseLimit + 1))
        }
        await #expect(
            throws: HTTPError.responseTooLarge(
                host: "127.0.0.1:\(server.port)", limit: HTTPClient.responseLimit)
        ) {
            try await client.send(HTTPRequest(url: server.url))
        }
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://host/x", "http://", "host/x", "http://a/\r\nX: y"])
    func otherAddressesAreRefusedUnsent(url: String) async throws {
        await #expect(throws: HTTPError.self) { try await client.send(HTTPRequest(url: url)) }
    }

    @Test func slowServerDoesNotDelayAnotherClient() async throws {
        let slow = try LoopbackServer { _ in .hang }
        let quick = try LoopbackServer { _ in .respond(status: 200) }
        let other = HTTPClient(label: "other")
        async let slowEnd = end(of: HTTPRequest(url: slow.url, timeout: .seconds(1)), by: client)
        let quickEnd = await end(of: HTTPRequest(url: quick.url), by: other)
        #expect(await slowEnd > quickEnd)
        #expect(quick.received.count == 1)
    }

    /// When the exchange was over, however it ended.
    private func end(of request: HTTPRequest, by client: HTTPClient) async -> ContinuousClock.Instant {
        _ = try? await client.send(request)  // only the moment counts here
        return .now
    }
}
