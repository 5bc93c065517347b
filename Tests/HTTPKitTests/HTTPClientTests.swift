import HTTPKit
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
