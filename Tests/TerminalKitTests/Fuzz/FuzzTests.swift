import Core
import Foundation
import TerminalKit
import TestSupport
import Testing

/// Whatever a pane prints, the reader goes on, stays small, and shows the same however the bytes were cut.
@Suite(.timeLimit(.minutes(LongTests.choose(3, long: 60))))
struct FuzzTests {
    private static let kinds: [AgentKind?] = [.shell, .claude, .codex, .aider, nil]

    /// Bytes that once failed, and shapes that are hard by their make.
    static let corpus: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "corpus")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { folder.appendingPathComponent($0).path }
    }()

    @Test func theCorpusIsThere() { #expect(Self.corpus.count >= 5) }

    @Test(arguments: corpus)
    func everyFileOfTheCorpusIsRead(_ file: String) throws {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        for kind in Self.kinds { try readBothWays(bytes, kind: kind, seed: 1, file) }
    }

    @Test(arguments: 0..<LongTests.choose(20, long: 1000))
    func randomBytesAreRead(_ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed + 1))
        let bytes = Self.randomBytes(LongTests.choose(6_000, long: 20_000), &random)
        try readBothWays(bytes, kind: Self.kinds[seed % 5], seed: UInt64(seed), "seed \(seed)")
    }

    @Test(arguments: Recording.all, 0..<LongTests.choose(2, long: 100))
    func damagedRecordingsAreRead(_ recording: Recording, _ seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed + 77))
        let start = Int.random(in: 0...max(0, recording.tap.count - 16_000), using: &random)
        var bytes = Array(recording.tap[start..<min(recording.tap.count, start + 16_000)])
        for _ in 0..<60 { Self.damage(&bytes, &random) }
        try readBothWays(
            bytes, kind: recording.kind, seed: UInt64(seed), "\(recording.name) from \(start), seed \(seed)")
    }

    /// Each of 200 cuts is restored from its own keyframe, and says what the reader that went on says, lines too.
    @Test(arguments: Recording.all)
    func eachCutGoesOnFromItsKeyframe(_ recording: Recording) throws {
        var random = SeededGenerator(seed: 4711)
        let cuts = (0..<200).map { _ in Int.random(in: 1..<recording.tap.count, using: &random) }.sorted()
        let steady = PaneReader(size: recording.size, kind: recording.kind)
        steady.wantsLines = true
        var branches: [(reader: PaneReader, cut: Int, end: Int)] = []
        var restored = 0
        for cut in cuts {
            let said = recording.read(steady, to: cut)
            // What a reader says until the next cut is compared; long enough for a marker, short enough for the suite.
            for branch in branches {
                #expect(
                    recording.read(branch.reader, to: cut) == said, "\(recording.name) cut at \(branch.cut)")
                #expect(
                    branch.reader.screen.rows == steady.screen.rows, "\(recording.name) cut at \(branch.cut)")
            }
            branches.removeAll { $0.end <= cut }
            guard let keyframe = steady.keyframe() else { continue }
            let data = try JSONEncoder().encode(keyframe)
            #expect(data.count < 4 << 20)
            let reader = PaneReader(keyframe: try JSONDecoder().decode(Keyframe.self, from: data))
            reader.wantsLines = true
            branches.append((reader, cut, cut + LongTests.choose(1_500, long: 1 << 30)))
            restored += 1
        }
        #expect(restored > 50)
    }

    /// In one piece, and in random pieces with restarts between them.
    private func readBothWays(_ bytes: [UInt8], kind: AgentKind?, seed: UInt64, _ place: String) throws {
        var random = SeededGenerator(seed: seed &+ 99)
        let size = TerminalSize(
            columns: Int.random(in: 2...120, using: &random), rows: Int.random(in: 1...40, using: &random))
        let whole = PaneReader(size: size, kind: kind)
        var cut = PaneReader(size: size, kind: kind)
        (whole.wantsLines, cut.wantsLines) = (true, true)
        let said = whole.feed(bytes)
        var pieces: [Reading] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...700, using: &random)
            pieces += cut.feed(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            guard Int.random(in: 0..<4, using: &random) == 0, let keyframe = cut.keyframe() else { continue }
            let data = try JSONEncoder().encode(keyframe)
            // A screen, a transcript of 1,200 rows and what is open of a marker.
            #expect(data.count < 8 << 20, "\(place)")
            cut = PaneReader(keyframe: try JSONDecoder().decode(Keyframe.self, from: data))
            cut.wantsLines = true
        }
        let first = Array(zip(pieces, said)).firstIndex { $0 != $1 } ?? min(pieces.count, said.count)
        #expect(
            pieces[first...].prefix(1) == said[first...].prefix(1),
            "\(place), reading \(first) of \(pieces.count) and \(said.count)")
        #expect(cut.screen.rows == whole.screen.rows, "\(place)")
        #expect(cut.screen.cursor == whole.screen.cursor, "\(place)")
        #expect(cut.screen.title == whole.screen.title, "\(place)")
        #expect(cut.screen.isAlternate == whole.screen.isAlternate, "\(place)")
        for row in 0..<size.rows {
            #expect(cut.screen.cells(row: row) == whole.screen.cells(row: row), "\(place), row \(row)")
            #expect(
                cut.screen.isWrapped(row: row) == whole.screen.isWrapped(row: row), "\(place), row \(row)")
        }
        #expect(whole.screen.rows.count == size.rows, "\(place)")
        #expect(whole.offset == UInt64(bytes.count), "\(place)")
        #expect(said.allSatisfy { $0.offset <= UInt64(bytes.count) }, "\(place)")
        // What is above the screen comes back, and what was open ends.
        let other = TerminalSize(columns: Int.random(in: 1...200, using: &random), rows: size.rows + 3)
        whole.resize(other)
        cut.resize(other)
        #expect(cut.settle() == whole.settle(), "\(place)")
        #expect(cut.screen.rows == whole.screen.rows, "\(place)")
        #expect(whole.screen.rows.count == other.rows, "\(place)")
    }

    private static func randomBytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
        let words: [[UInt8]] = [
            "\u{1b}[", "\u{1b}]0;", "\u{7}", "\u{1b}\\", "\u{1b}P", "\u{1b}_", "\u{1b}^", "\u{1b}X",
            "\u{1b}k", "?1049h",
            "?1049l", "?2026h", "?2026l", "?25l", "?25h", "?47h", "2J", "K", "1;1H", "999;999H", "5A",
            "70000B", "r", "3;6r",
            "38;2;1;2;3m", "4h", "\r\n", "\r", "\n", "\t", "\u{8}", "\u{e}", "\u{f}", "\u{1b}7", "\u{1b}8",
            "\u{1b}c", "\u{1b}M",
            "### SENTRY {\"type\":\"STATUS\",\"n\":1}", "### SENTRY {", "SENTRY", "\"}", "❯ ", "● ", "界",
            "e\u{301}", "🚀",
            "a long run of words that wraps ", "\u{1b}#8", "\u{1b}(0", "\u{1b}(B", "100@", "100P", "100L",
            "100M", "100S", "100T", "7b", "\u{1b}[s", "\u{1b}[u", "\u{1b}H", "3g", "g", "?6h", "?6l", "?7l",
            "?7h", "?3h",
            "\u{1b}D", "\u{1b}E", "\u{200d}", "\u{fe0f}", "\u{301}", "é", "中文字中文字", "L", "2L", "M", "S", "T",
            "3@", "2P",
            "2X", "1K", "1J", "J", "Z", "\u{1b})0", "\u{1b}[44m", "\u{1b}[m", "2G", "3d", "C", "D",
            String(repeating: "1;", count: 60),
        ].map { Array($0.utf8) }
        var bytes: [UInt8] = []
        while bytes.count < count {
            if Int.random(in: 0..<5, using: &random) == 0 {
                bytes.append(UInt8.random(in: 0...255, using: &random))
            } else {
                bytes += words.randomElement(using: &random) ?? []
            }
        }
        return bytes
    }

    private static func damage(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        guard bytes.count > 1 else { return }
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...40, using: &random)))
        case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
        default:
            let end = min(bytes.count, at + Int.random(in: 1...300, using: &random))
            bytes.insert(
                contentsOf: Array(bytes[at..<end]), at: Int.random(in: 0...bytes.count, using: &random))
        }
    }
}
