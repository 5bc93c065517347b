import Core
import Crypto
import Notify
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct NotifierTests {
    let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    let now = Timestamp(milliseconds: 1_700_000_000_500)

    private func settings(_ channels: [String], routes: [String: [String]] = [:]) -> NotifySettings {
        var settings = NotifySettings()
        settings.channels = channels
        settings.routes = routes
        return settings
    }

    @Test func webhookGetsSignedJSON() async throws {
        let server = try LoopbackServer { _ in .respond(status: 204) }
        let notifier = Notifier(
            settings(["webhook"]), webhook: Webhook(url: server.url + "/hook", secret: secret))
        let notice = Notice(title: "Ready \u{1b}[31m", body: "two\nlines", severity: .warning)
        let failures = await notifier.deliver(notice, id: "run/stage/1/notify/0", at: now)
        #expect(failures.isEmpty)
        let call = try #require(server.received.first)
        #expect(call.line == "POST /hook HTTP/1.1")
        #expect(call.headers["x-timestamp"] == "1700000000")
        #expect(call.headers["x-notice-id"] == "run/stage/1/notify/0")
        let body = try JSONValue.parse(String(decoding: call.body, as: UTF8.self))
        #expect(body["title"]?.string == notice.title)
        #expect(body["severity"]?.string == "warning")
        #expect(body["at"]?.string == "2023-11-14T22:13:20.500Z")
        // The receiver's side of the agreement, from the documented recipe alone.
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("tmux-agent notify webhook".utf8),
            outputByteCount: 32)
        let signed = Array("1700000000.run/stage/1/notify/0.".utf8) + call.body
        let expected = HMAC<SHA256>.authenticationCode(for: signed, using: key)
        let hex = Array(expected).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(call.headers["x-signature-256"] == "sha256=\(hex)")
    }

    @Test(arguments: [
        (500, "the receiver answered with status 500"), (302, "the receiver answered with status 302"),
    ])
    func refusalIsSaidWithoutTheAddress(status: Int, words: String) async throws {
        let server = try LoopbackServer { _ in .respond(status: status) }
        let notifier = Notifier(
            settings(["webhook"]), webhook: Webhook(url: server.url + "/secret", secret: secret))
        let failures = await notifier.deliver(Notice(title: "t", body: ""), id: "1", at: now)
        #expect(failures == ["webhook": words])
    }

    @Test func routeOfTheSeverityDecidesAndFailureOfOneChannelStopsNoOther() async throws {
        let server = try LoopbackServer { _ in .respond(status: 200) }
        let dead = try LoopbackServer { _ in .reset }
        let routed = settings(["stdout"], routes: ["critical": ["webhook"]])
        let notifier = Notifier(routed, webhook: Webhook(url: server.url, secret: secret))
        _ = await notifier.deliver(Notice(title: "quiet", body: "", severity: .info), id: "1", at: now)
        #expect(server.received.isEmpty)
        _ = await notifier.deliver(Notice(title: "loud", body: "", severity: .critical), id: "2", at: now)
        #expect(server.received.count == 1)
        let both = Notifier(settings(["webhook", "stdout"]), webhook: Webhook(url: dead.url, secret: secret))
        let failures = await both.deliver(
            Notice(title: "said on stdout all the same", body: ""), id: "3", at: now)
        #expect(Array(failures.keys) == ["webhook"])
    }

    @Test func channelsThatCannotBeUsedAreNamedWithTheReason() {
        let notifier = Notifier(settings(["stdout", "webhook", "pigeon"]))
        let unusable = notifier.unusableChannels(also: [])
        #expect(unusable.map(\.name) == ["pigeon", "webhook"])
        #expect(unusable.last?.why == "NOTIFY_WEBHOOK_URL is not set")
    }
}
