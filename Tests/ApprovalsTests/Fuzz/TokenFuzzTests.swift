import Core
import Crypto
import Foundation
import TestSupport
import Testing

@testable import Approvals

/// A link's token comes from anybody who can reach the page.
@Suite(.timeLimit(.minutes(LongTests.choose(1, long: 20))))
struct TokenFuzzTests {
    private let keys = ApprovalKeys(secret: Array("a secret of at least 32 bytes ......".utf8))

    private func read(_ text: String) -> ApprovalToken? { try? ApprovalToken(text, signedWith: keys) }

    /// Texts that once failed, and shapes that are hard by their make; one a line.
    @Test func theCorpusIsRefused() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("corpus/tokens.txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count >= 20)
        for line in lines { #expect(read(String(line)) == nil, "\(line)") }
    }

    @Test(arguments: 0..<LongTests.choose(30, long: 1500))
    func damagedTokensAreRefused(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed + 1))
        let good = ApprovalToken(approval: ApprovalID("ap-\(seed)"), expiresAt: later(60))
        let text = Array(good.text(signedWith: keys).utf8)
        for _ in 0..<100 {
            var bytes = text
            for _ in 0..<Int.random(in: 1...4, using: &random) { Self.damage(&bytes, &random) }
            guard bytes != text else { continue }
            #expect(read(String(decoding: bytes, as: UTF8.self)) == nil, "\(bytes)")
        }
        #expect(read(String(decoding: text, as: UTF8.self)) == good)
    }

    /// Signed by our own key, and still nonsense: what is in it is read with care.
    @Test(arguments: 0..<LongTests.choose(30, long: 1500))
    func signedNonsenseIsReadWithCare(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed + 7))
        let words = [
            "{", "}", "[", "]", "\"id\":", "\"exp\":", "\"ap-1\"", "1", "-1", "1e999", "9223372036854775807",
            ",", "null",
            "\"\\u0000\"", "\u{0}", "{\"exp\":1,\"id\":\"a\"}", "\"\\ud800\"", "true",
        ]
        for _ in 0..<200 {
            let payload = (0..<Int.random(in: 0...9, using: &random))
                .map { _ in words.randomElement(using: &random) ?? "" }.joined()
            let code = HMAC<SHA256>.authenticationCode(for: Array(payload.utf8), using: keys.link)
            let text = "\(Base64URL.encode(Array(payload.utf8))).\(Base64URL.encode(Array(code)))"
            guard let token = read(text) else { continue }
            #expect(payload.contains("\"id\"") && payload.contains("\"exp\""), "\(payload)")
            #expect(token.expiresAt.milliseconds >= 0)
        }
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard let at = bytes.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(UInt8.random(in: 0x20...0x7e, using: &random), at: at)
        case 3: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        default: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &random))
        }
    }
}
