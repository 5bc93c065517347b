import Core
import Fleet
import HTTPKit
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Web

@Suite(.timeLimit(.minutes(2)))
struct EventStreamTests {
    static func follow(
        _ site: SiteFixture, _ query: String = "", _ headers: String...
    ) async throws -> RawClient {
        let client = try RawClient(port: site.port)
        await client.send(
            "GET /api/events\(query) HTTP/1.1\r\nHost: localhost\r\n"
                + headers.map { "\($0)\r\n" }.joined() + "\r\n")
        return client
    }

    @Test func firstEventHasAllPartsAndLaterOnesWhatChanged() async throws {
        try await withSite { site in
            try await site.addAgent()
            let client = try await Self.follow(site)
            let first = try await client.read(until: "\n\n\r\n")
            _ = try await client.read(until: "event: parts")
            _ = try await client.read(until: "\n\n\r\n")
            #expect(first.contains("text/event-stream") && first.contains("X-Accel-Buffering: no"))
            #expect(first.lowercased().contains("cache-control: no-store"))
            _ = try await client.read(until: "\"agents\":")
            _ = try await client.read(until: "\"policy\":")
            await client.forget()
            try await site.ask(question: "Shall we &amp; deploy?")
            let next = try await client.read(until: "Shall we &amp;amp; deploy?")
            #expect(next.contains("\"approvals\":") && !next.contains("\"policy\":"))
        }
    }

    @Test func clientsThatComeAgainGetWhatTheyMissed() async throws {
        try await withSite { site in
            try await site.addAgent()
            let kept = try await Self.follow(site)
            let text = try await kept.read(until: "\nid: ")
            _ = text
            let whole = try await kept.read(until: "\"policy\":")
            let id = try #require(whole.matches(of: /\nid: (\d+)/).first?.1)
            await kept.forget()
            try await site.ask()
            _ = try await kept.read(until: "Deploy now?")
            let again = try await Self.follow(site, "", "Last-Event-ID: \(id)")
            let missed = try await again.read(until: "Deploy now?")
            #expect(!missed.contains("\"policy\":"))
            let stranger = try await Self.follow(site, "", "Last-Event-ID: 17")
            _ = try await stranger.read(until: "\"policy\":")
        }
    }

    @Test func languagesAndPanesAreChosen() async throws {
        try await withSite { site in
            try await site.addAgent()
            let chinese = try await Self.follow(site, "?language=zh")
            _ = try await chinese.read(until: "智能体")
            #expect(try await site.get("/api/events?pane=%2599&parts=none").errorCode == "no_such_pane")
            // A page whose agent is gone still hears of the others.
            _ = try await Self.follow(site, "?pane=%2599").read(until: "event: parts")
            try Files.makeFolder(site.context.logs)
            let tap = site.context.logs.appending("\(SiteFixture.agent).tap")
            try Files.append("first <b>line</b>\r\n", to: tap)
            let client = try await Self.follow(site, "?pane=%253&parts=none")
            let text = try await client.read(until: "event: pane")
            #expect(!text.contains("event: parts"))
            _ = try await client.read(until: "first &lt;b&gt;line&lt;/b&gt;")
            await client.forget()
            try Files.append("second line\r\n", to: tap)
            _ = try await client.read(until: "second line")
        }
    }

    @Test func quietStreamsGiveSignsOfLife() async throws {
        var limits = WebLimits()
        limits.heartbeat = .milliseconds(100)
        try await withSite(limits: limits) { site in
            let client = try await Self.follow(site)
            // A browser hides comments from a page: it is told by events, with their pace in milliseconds.
            let beat = "event: beat\ndata: {\"every_ms\":150}\n\n"
            _ = try await client.read(until: beat)
            _ = try await client.read(until: "event: parts")
            await client.forget()
            _ = try await client.read(until: beat)
        }
    }

    @Test func onlySoManyFollow() async throws {
        var limits = WebLimits()
        limits.eventClients = 2
        try await withSite(limits: limits) { site in
            let kept = try await Self.follow(site)
            _ = try await kept.read(until: "event: parts")
            do {
                let second = try await Self.follow(site)
                _ = try await second.read(until: "event: parts")
                let full = try await site.get("/api/events")
                #expect(full.status == 503 && full.errorCode == "too_many_clients")
            }
            // The second one has left: its place is free as soon as the server sees it.
            let hasRoom = try await eventually(within: .seconds(20)) {
                await site.site.feed.followerCount < 2
            }
            #expect(hasRoom)
            let third = try await Self.follow(site)
            _ = try await third.read(until: "event: parts")
        }
    }

    @Test func theEndOfTheServerIsTheEndOfItsStreams() async throws {
        // A stream that held the end up would hold up `withSite`, too.
        let client = try await withSite { site in
            let client = try await Self.follow(site)
            _ = try await client.read(until: "event: parts")
            return client
        }
        let text = try await client.readToEnd()
        #expect(text.hasSuffix("\r\n0\r\n\r\n"), "it ends whole, not cut off")
    }
}
