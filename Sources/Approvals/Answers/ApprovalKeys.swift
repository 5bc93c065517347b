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

enum Hexadecimal {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Nil unless every two digits are one byte.
    static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        var high: UInt8?
        for letter in text {
            let digit: UInt8
            switch letter {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = letter - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = letter - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = letter - UInt8(ascii: "A") + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }
}
