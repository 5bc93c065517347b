public import Core
internal import Crypto

/// What a link carries: which approval may be answered with it, and until when.
///
/// `b64url(payload).b64url(HMAC-SHA256(key, payload))` with the payload `{"exp": seconds, "id": approval}`. It says
/// nothing about the answer, and it is worth nothing once the approval is answered.
public struct ApprovalToken: Sendable, Equatable {
    public var approval: ApprovalID
    /// Whole seconds; a token is good before this time.
    public var expiresAt: Timestamp

    /// Longer texts are refused before anything is made of them.
    static let mostBytes = 1024

    public init(approval: ApprovalID, expiresAt: Timestamp) {
        self.approval = approval
        self.expiresAt = Timestamp(milliseconds: expiresAt.milliseconds / 1000 * 1000)
    }

    public func text(signedWith keys: ApprovalKeys) -> String {
        let object: JSONValue = [
            "id": .string(approval.rawValue), "exp": .integer(expiresAt.milliseconds / 1000),
        ]
        let payload = Array(object.serialized(sorted: true).utf8)
        let code = HMAC<SHA256>.authenticationCode(for: payload, using: keys.link)
        return "\(Base64URL.encode(payload)).\(Base64URL.encode(Array(code)))"
    }

    /// Reads a token that these keys signed, whether its time is over or not.
    ///
    /// The signature is compared in constant time, and nothing in the payload is looked at before it holds.
    public init(_ text: String, signedWith keys: ApprovalKeys) throws(AnswerRefusal) {
        let bytes = text.utf8
        guard bytes.count <= Self.mostBytes else { throw .tooLarge }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, let payload = Base64URL.decode(parts[0]),
            let code = Base64URL.decode(parts[1])
        else { throw .malformed }
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: payload, using: keys.link) else {
            throw .forged
        }
        guard let object = try? JSONValue.parse(String(decoding: payload, as: UTF8.self)),
            let id = object["id"]?.string, let seconds = object["exp"]?.integer,
            (0..<Int64.max / 1000).contains(seconds)
        else { throw .malformed }
        approval = ApprovalID(id)
        expiresAt = Timestamp(milliseconds: seconds * 1000)
    }
}
