import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Watch

/// Files that others may write: git hooks' lines and the sizes beside a tap.
@Suite(.timeLimit(.minutes(LongTests.choose(1, long: 20))))
struct FuzzTests {
    private static let words = [
        "post-commit", "post-merge", "pre-push", "\t", "\t", "\t", "/", "/a/../b", "main", "\n", "\u{0}", " ",
        "start", "1", "-5",
        "99999999999999999999", "80 24", "1795373176904 0 80 24", "refs/heads/x", "日本", "%s", "'",
        "\u{1b}[2J",
    ]

    @Test(arguments: 0..<LongTests.choose(40, long: 2000))
    func hookLinesAreWholeOrNone(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed + 1))
        for _ in 0..<200 {
            let bytes = Self.bytes(&random, most: 12)
            guard let line = HookLine(bytes: bytes) else { continue }
            #expect(HookLine.names.contains(line.name))
            #expect(line.checkout.isAbsolute)
            #expect(bytes.count { $0 == UInt8(ascii: "\t") } == 4)
        }
        let whole = HookLine(bytes: Array("post-commit\t/r\t\tabc\t".utf8))
        #expect(whole?.commit == "abc" && whole?.branch == nil)
    }

    @Test(arguments: 0..<LongTests.choose(10, long: 500))
    func sizesOfAnyFileAreInOrderAndInBounds(_ seed: Int) async throws {
        try await withTemporaryFolder { folder in
            var random = SeededGenerator(seed: UInt64(seed + 1))
            let path = folder.appending("a.tap.sizes")
            var log = SizeLog(path: path)
            for step in 0..<40 {
                let text = String(decoding: Self.bytes(&random, most: 20), as: UTF8.self)
                if step % 9 == 8 {
                    try Files.write(text, to: path)
                } else {
                    try Files.append(text, to: path)
                }
                try log.refresh()
                while let entry = log.next(upTo: .max) {
                    #expect(entry.offset >= 0)
                    #expect(
                        (1...10_000).contains(entry.size.columns) && (1...10_000).contains(entry.size.rows))
                    log.take()
                    #expect(log.position == entry.end)
                }
                #expect(log.position <= Files.size(path) ?? 0)
            }
        }
    }

    private static func bytes(_ random: inout SeededGenerator, most: Int) -> [UInt8] {
        (0..<Int.random(in: 0...most, using: &random)).flatMap { _ -> [UInt8] in
            Int.random(in: 0..<6, using: &random) == 0
                ? [UInt8.random(in: 0...255, using: &random)]
                : Array((words.randomElement(using: &random) ?? "").utf8)
        }
    }
}
