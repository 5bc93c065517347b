public import Core
internal import Crypto

/// The signature of a call that answers an approval: HMAC-SHA256 over `<unix time>.<approval id>.<body>`.
public struct WebhookSignature: Sendable {
    let keys: ApprovalKeys

    /// How far a call's time may lie from ours, in either direction.
    static let tolerance = Duration.seconds(300)
    /// Longer bodies are refused before they are looked at.
    static let mostBytes = 64 << 10

    public init(keys: ApprovalKeys) { self.keys = keys }

    /// The value of `X-Signature-256`; `time` is that of `X-Timestamp`.
    public func header(time: String, approval: ApprovalID, body: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: signed(time, approval, body), using: keys.webhook)
        return "sha256=" + Hexadecimal.text(Array(code))
    }

    /// Throws unless the call is signed, whole and fresh; the signature is compared in constant time, and the time is
    /// only believed once it holds.
    func verify(
        _ header: String?, time: String?, approval: ApprovalID, body: [UInt8], at now: Timestamp
    ) throws(AnswerRefusal) {
        guard body.count <= Self.mostBytes else { throw .tooLarge }
        guard let header, let time, time.utf8.count <= 20, header.utf8.count <= 80,
            header.hasPrefix("sha256="), let code = Hexadecimal.bytes(header.utf8.dropFirst(7)),
            let seconds = Int64(time), String(seconds) == time, (0..<Int64.max / 1000).contains(seconds)
        else { throw .malformed }
        guard
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: signed(time, approval, body), using: keys.webhook)
        else { throw .forged }
        let age = now.distance(from: Timestamp(milliseconds: seconds * 1000))
        guard age <= Self.tolerance, age >= .zero - Self.tolerance else { throw .stale }
    }

    private func signed(_ time: String, _ approval: ApprovalID, _ body: [UInt8]) -> [UInt8] {
        Array("\(time).\(approval).".utf8) + body
    }
}
