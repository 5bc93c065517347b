internal import Core
internal import Crypto
internal import HTTPKit

/// Posts notices as signed JSON to an address of the user's.
///
/// `X-Signature-256` is `sha256=` and the HMAC-SHA256, in hexadecimal, over `<X-Timestamp>.<X-Notice-Id>.<body>`; the time
/// is in seconds, so that a receiver can refuse old calls. The key is derived from the fleet's secret by HKDF.
public struct Webhook: Sendable {
    /// The environment variable that holds the address.
    public static let variable = "NOTIFY_WEBHOOK_URL"

    let url: String
    let key: SymmetricKey
    let client: HTTPClient

    /// `secret` is the fleet's, at least 32 random bytes.
    public init(url: String, secret: [UInt8]) {
        self.url = url
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("tmux-agent notify webhook".utf8),
            outputByteCount: 32)
        client = HTTPClient(label: "notify.webhook")
    }

    /// Nil when the receiver took it, else what went wrong, without the address, which may hold a secret.
    func deliver(_ notice: Notice, id: String, at now: Timestamp) async -> String? {
        let object: JSONValue = [
            "id": .string(id), "title": .string(notice.title), "body": .string(notice.body),
            "severity": .string(notice.severity.rawValue), "at": .string(now.iso8601),
        ]
        let body = Array(object.serialized(sorted: true).utf8)
        let time = String(now.milliseconds / 1000)
        let headers = [
            ("Content-Type", "application/json"), ("X-Timestamp", time), ("X-Notice-Id", id),
            ("X-Signature-256", "sha256=" + signature(time: time, id: id, body: body)),
        ]
        do {
            let response = try await client.send(
                HTTPRequest(
                    method: "POST", url: url, headers: headers.map { (name: $0.0, value: $0.1) }, body: body))
            return response.isSuccess ? nil : "the receiver answered with status \(response.status)"
        } catch {
            return error.message
        }
    }

    private func signature(time: String, id: String, body: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(time).\(id).".utf8) + body, using: key)
        return code.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
