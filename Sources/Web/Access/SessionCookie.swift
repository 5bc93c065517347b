internal import Core
internal import Crypto

/// The cookie that stands for a login: until when it is good, and a signature under a key of its own.
///
/// `<seconds>.<HMAC-SHA256 in hexadecimal>`. The key comes from the user's secret by HKDF under a label of its own
/// and from the token, so a new token ends every login.
struct SessionCookie: Sendable {
    /// The cookie's name: tokens differ, hosts do not (a browser sends cookies to every port of a host).
    let name: String
    private let key: SymmetricKey

    static let lifetime = Duration.seconds(30 * 86_400)

    init(secret: [UInt8], token: AccessToken) {
        name = "tmux_agent_\(token.mark)"
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), salt: Array(token.text.utf8),
            info: Array("tmux-agent web session".utf8), outputByteCount: 32)
    }

    /// The value for a login at `now`.
    func value(at now: Timestamp) -> String {
        let end = "\(now.advanced(by: Self.lifetime).milliseconds / 1000)"
        return "\(end).\(Hexadecimal.text(HMAC<SHA256>.authenticationCode(for: Array(end.utf8), using: key)))"
    }

    /// Whether we made this value and its time is not over; the signature is compared in constant time.
    func isGood(_ value: some StringProtocol, at now: Timestamp) -> Bool {
        let parts = value.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count <= 12, let code = Hexadecimal.bytes(parts[1].utf8),
            HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(parts[0].utf8), using: key),
            let seconds = Int64(parts[0])
        else { return false }
        return now.milliseconds < seconds * 1000
    }

    /// The header `Set-Cookie` for a login; `isSecure` where the browser came by https.
    func header(at now: Timestamp, isSecure: Bool) -> String {
        "\(name)=\(value(at: now)); Path=/; Max-Age=\(Self.lifetime.components.seconds); HttpOnly; SameSite=Strict"
            + (isSecure ? "; Secure" : "")
    }

    /// The header that takes the login back.
    var removal: String { "\(name)=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict" }

    /// This cookie's value in a `Cookie` header.
    func find(in header: String) -> Substring? {
        for part in header.split(separator: ";") {
            let pair = part.drop { $0 == " " }.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2, pair[0] == name { return pair[1] }
        }
        return nil
    }
}
