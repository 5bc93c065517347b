internal import Core
internal import Crypto

/// What calls of the channel `webhook` are signed with: derived from the user's secret by HKDF, for this purpose alone.
public struct WebhookKey {
    let key: SymmetricKey

    /// `secret` is the user's, at least 32 random bytes.
    public init(secret: [UInt8]) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("tmux-agent notify webhook".utf8),
            outputByteCount: 32)
    }

    /// 32 bytes in hexadecimal, for the receiver.
    public var text: String { unsafe Hexadecimal.text(key.withUnsafeBytes { unsafe Array($0) }) }
}
