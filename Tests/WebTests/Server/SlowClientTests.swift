import HTTPKit
import Testing

@testable import Web

/// Clients that are slow, broken or greedy, on real sockets.
@Suite(.timeLimit(.minutes(2)))
struct SlowClientTests {
    static var short: WebLimits {
        var limits = WebLimits()
        limits.firstHead = .milliseconds(300)
        limits.request = .milliseconds(300)
        limits.idle = .milliseconds(600)
        limits.stall = .milliseconds(300)
        limits.farewell = .milliseconds(100)
        return limits
    }

    static func head(_ line: String, _ headers: String...) -> String {
        "\(line) HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers.map { "\($0)\r\n" }.joined() + "\r\n"
    }

    @Test func requestsInOnePieceAreAnsweredInOrder() async throws {
        try await withSite { site in
            let client = try RawClient(port: site.port)
            await client.send(
                Self.head("GET /healthz") + Self.head("GET /nowhere")
                    + Self.head("GET /readyz", "Connection: close"))
            let text = try await client.readToEnd()
            let statuses = text.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.output.1) }
            #expect(statuses == ["200", "404", "200"], "\(text)")
        }
    }

    @Test func whoSendsNothingOrHalfAHeaderIsLetGo() async throws {
        try await withSite(limits: Self.short) { site in
            for text in ["", "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Half: "] {
                let client = try RawClient(port: site.port)
                await client.send(text)
                #expect(try await client.readToEnd().isEmpty)
            }
        }
    }

    @Test func aBodyThatNeverEndsIsLetGo() async throws {
        try await withSite(limits: Self.short) { site in
            let client = try RawClient(port: site.port)
            let token = "X-Auth-Token: \(site.token)"
            await client.send(Self.head("POST /api/commands", token, "Content-Length: 1000") + "{\"text\":")
            #expect(try await !client.readToEnd().contains("200 OK"))
            // The server has not lost anything by it.
            #expect(try await site.get("/healthz").status == 200)
        }
    }

    @Test func anIdleConnectionIsLetGo() async throws {
        try await withSite(limits: Self.short) { site in
            let client = try RawClient(port: site.port)
            await client.send(Self.head("GET /healthz"))
            #expect(try await client.readToEnd().contains("ok\n"))
        }
    }

    @Test func hugeHeadersAndBrokenRequestsAreRefused() async throws {
        try await withSite { site in
            let many = (0..<200).map { "X-\($0): 1" }.joined(separator: "\r\n")
            for request in [
                Self.head("GET /healthz", "X-Large: " + String(repeating: "a", count: 100_000)),
                Self.head("GET /healthz", many), "GET\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}garbage\r\n\r\n",
                Self.head("POST /api/commands", "Content-Length: 5", "Transfer-Encoding: chunked"),
            ] {
                let client = try RawClient(port: site.port)
                await client.send(request)
                let answer = try await client.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 400"), "\(request.prefix(60)): \(answer.prefix(200))")
            }
            #expect(try await site.get("/healthz").status == 200)
        }
    }

    @Test func aBodyInPiecesHasTheSameLimit() async throws {
        try await withSite { site in
            let client = try RawClient(port: site.port)
            let token = "X-Auth-Token: \(site.token)"
            await client.send(Self.head("POST /api/commands", token, "Transfer-Encoding: chunked"))
            let size = 64 << 10
            for _ in 0...site.site.limits.body / size {
                await client.send(
                    String(size, radix: 16) + "\r\n" + String(repeating: "a", count: size) + "\r\n")
            }
            #expect(try await client.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func twoHostsAreOneTooMany() async throws {
        try await withSite { site in
            let client = try RawClient(port: site.port)
            await client.send(Self.head("GET /healthz", "Host: evil.example", "Connection: close"))
            #expect(try await client.readToEnd().contains(" 421 "))
        }
    }

    @Test func withoutHostNothingIsAnswered() async throws {
        try await withSite { site in
            let client = try RawClient(port: site.port)
            await client.send("GET /api/overview HTTP/1.1\r\nConnection: close\r\n\r\n")
            let answer = try await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 421") || answer.hasPrefix("HTTP/1.1 400"))
        }
    }
}
