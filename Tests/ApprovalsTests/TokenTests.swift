import Core
import Crypto
import TestSupport
import Testing

@testable import Approvals

@Suite(.timeLimit(.minutes(1)))
struct TokenTests {
    private let keys = ApprovalKeys(secret: Array("a secret of at least 32 bytes ......".utf8))
    private let other = ApprovalKeys(secret: Array("another secret of 32 bytes .........".utf8))

    private func token(_ id: String = "ap-1", _ keys: ApprovalKeys? = nil) -> String {
        ApprovalToken(approval: ApprovalID(id), expiresAt: later(60)).text(signedWith: keys ?? self.keys)
    }

    private func refusal(_ text: String) -> AnswerRefusal? {
        do throws(AnswerRefusal) {
            _ = try ApprovalToken(text, signedWith: keys)
            return nil
        } catch {
            return error
        }
    }

    @Test func tokenIsThePayloadAndItsCodeUnderADerivedKey() throws {
        let text = token()
        let parts = text.split(separator: ".")
        try #require(parts.count == 2)
        let payload = try #require(Base64URL.decode(parts[0].utf8))
        #expect(
            String(decoding: payload, as: UTF8.self)
                == "{\"exp\":\(later(60).milliseconds / 1000),\"id\":\"ap-1\"}")
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array("a secret of at least 32 bytes ......".utf8)),
            info: Array("tmux-agent approval link".utf8), outputByteCount: 32)
        #expect(
            Base64URL.decode(parts[1].utf8)
                == Array(HMAC<SHA256>.authenticationCode(for: payload, using: key)))
        let read = try ApprovalToken(text, signedWith: keys)
        #expect(read == ApprovalToken(approval: ApprovalID("ap-1"), expiresAt: later(60)))
    }

    @Test func everyTextButTheTokenItselfIsRefused() throws {
        let text = token()
        for count in 0..<text.count { #expect(refusal(String(text.prefix(count))) != nil) }
        #expect(refusal(String(text.dropFirst())) != nil)
        for tail in ["=", "A", ".", "\n", " "] { #expect(refusal(text + tail) != nil) }
        // Each letter changed to each other of the alphabet, and to one that is in none.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/="
        for index in text.indices {
            for letter in alphabet where letter != text[index] {
                var changed = text
                changed.replaceSubrange(index...index, with: String(letter))
                #expect(refusal(changed) != nil, "\(changed)")
            }
        }
    }

    @Test func anotherKeyIsAForgery() throws {
        #expect(refusal(token("ap-1", other)) == .forged)
        // The webhook's key signs no links.
        let payload = Array("{\"exp\":99999999999,\"id\":\"ap-1\"}".utf8)
        let code = Array(HMAC<SHA256>.authenticationCode(for: payload, using: keys.webhook))
        #expect(refusal("\(Base64URL.encode(payload)).\(Base64URL.encode(code))") == .forged)
        // Halves of two good tokens.
        let (one, two) = (token("ap-1").split(separator: "."), token("ap-2").split(separator: "."))
        #expect(refusal("\(one[0]).\(two[1])") == .forged)
        #expect(refusal("\(one[0]).") == .forged)
        #expect(refusal(".\(one[1])") == .forged)
    }

    @Test(arguments: [
        "", "{}", "[]", "{\"id\":\"ap-1\"}", "{\"id\":1,\"exp\":2}", "{\"exp\":-1,\"id\":\"a\"}",
        "{\"exp\":9223372036854775807,\"id\":\"a\"}",
    ])
    func signedNonsenseIsNoToken(payload: String) {
        let code = Array(HMAC<SHA256>.authenticationCode(for: Array(payload.utf8), using: keys.link))
        #expect(refusal("\(Base64URL.encode(Array(payload.utf8))).\(Base64URL.encode(code))") == .malformed)
    }

    @Test func tenMegabytesAreRefusedUnread() {
        let clock = ContinuousClock()
        let long = token() + String(repeating: "A", count: 10 << 20)
        let took = clock.measure { #expect(refusal(long) == .tooLarge) }
        #expect(took < .milliseconds(500))
    }

    @Test func randomBytesNeverPass() {
        var random = SeededGenerator(seed: 20_261_122)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                UInt8.random(in: .min ... .max, using: &random)
            }
            #expect(refusal(String(decoding: bytes, as: UTF8.self)) != nil)
            #expect(refusal("\(Base64URL.encode(bytes)).\(Base64URL.encode(bytes.suffix(32)))") != nil)
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
    }

    /// RFC 4231, test case 2, through the same door: the library computes what everybody else does.
    @Test func codesAreThoseOfTheStandard() {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("what do ya want for nothing?".utf8), using: SymmetricKey(data: Array("Jefe".utf8)))
        #expect(
            Hexadecimal.text(Array(code))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }
}
