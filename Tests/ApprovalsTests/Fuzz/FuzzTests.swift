import Core
import TestSupport
import Testing

@testable import Approvals

/// Anybody may write an approval's file.
@Suite(.timeLimit(.minutes(LongTests.choose(1, long: 20))))
struct FuzzTests {
    private static let words = [
        "# approval: ap-1", "# approval:", "# file: a/b.txt", "# file: ../../x", "#", "\n", "\r\n", "\n",
        "approve", "APPROVE",
        "reject", "PENDING", "yes", " ", "\t", "\u{0}", "\u{85}", "\u{2028}", "no", "approve reject",
        "\u{feff}", "日本",
    ]

    @Test(arguments: 0..<LongTests.choose(40, long: 2000))
    func onlyAWordOfItsOwnDecides(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed + 1))
        for _ in 0..<100 {
            let count = Int.random(in: 0...14, using: &random)
            let text = (0..<count).map { _ in Self.words.randomElement(using: &random) ?? "" }.joined()
            _ = ApprovalFileText.approval(in: text)
            _ = ApprovalFileText.place(in: text)
            if case .answer = ApprovalFileText.verdict(in: text) {
                let isThere = ["approve", "reject", "yes", "no"].contains { text.lowercased().contains($0) }
                #expect(isThere, "\(text.debugDescription)")
            }
        }
    }
}
