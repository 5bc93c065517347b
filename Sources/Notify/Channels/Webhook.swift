internal import Core
internal import Crypto
internal import HTTPKit

/// Posts notices as signed JSON to an address of the user's.
///
/// `X-Signature-256` is `sha256=` and the HMAC-SHA256, in hexadecimal, over `<X-Timestamp>.<X-Notice-Id>.<body>`; the time
/// is in seconds, so that a receiver can refuse old calls. The key is ``WebhookKey``.
struct Webhook: Channel {
    let name = "webhook"
    private let url: String
    private let key: SymmetricKey
    private let caller: Caller

    /// `secret` is the fleet's, at least 32 random bytes.
    init(url: String, secret: [UInt8], caller: Caller) {
        self.url = url
        self.caller = caller
        key = WebhookKey(secret: secret).key
    }

    func send(_ notice: OutgoingNotice, at now: Timestamp) async -> DeliveryFailure? {
        var object: JSONObject = [
            "id": .string(notice.id), "title": .string(notice.title), "body": .string(notice.text),
            "severity": .string(notice.severity.rawValue), "at": .string(notice.at.iso8601),
            "kind": .string(notice.kind.rawValue), "source": .string(notice.source),
            "requires_attention": .bool(notice.requiresAttention),
        ]
        object["branch"] = notice.branch.map { .string($0) } ?? .null
        object["approval"] = notice.approval.map { .string($0.rawValue) } ?? .null
        let body = Array(JSONValue.object(object).serialized(sorted: true).utf8)
        let time = String(now.milliseconds / 1000)
        let headers = [
            ("Content-Type", "application/json"), ("X-Timestamp", time), ("X-Notice-Id", notice.id),
            ("X-Signature-256", "sha256=" + signature(time: time, id: notice.id, body: body)),
        ]
        switch await caller.call("POST", url, headers: headers, body: body, at: now) {
        case .success: return nil
        case .failure(let failure): return failure
        }
    }

    private func signature(time: String, id: String, body: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(time).\(id).".utf8) + body, using: key)
        return Hexadecimal.text(Array(code))
    }
}
