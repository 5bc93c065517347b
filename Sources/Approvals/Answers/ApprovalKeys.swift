internal import Core
internal import Crypto

/// The keys for links and for signed calls, each derived from the secret by HKDF under a label of its own.
public struct ApprovalKeys: Sendable {
    let link: SymmetricKey
    let webhook: SymmetricKey

    /// `secret`: `APPROVAL_SECRET`, or the bytes of the secret file.
    public init(secret: [UInt8]) {
        link = Self.key("tmux-agent approval link", from: secret)
        webhook = Self.key("tmux-agent approval webhook", from: secret)
    }

    /// What a caller of the webhook signs with, in hexadecimal digits.
    public var webhookKey: String { unsafe webhook.withUnsafeBytes { unsafe Hexadecimal.text(Array($0)) } }

    private static func key(_ label: String, from secret: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array(label.utf8), outputByteCount: 32)
    }
}
