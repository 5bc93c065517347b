import Core
import TestSupport
import Testing

/// Rows that no terminal would show: the scanner goes on, its memory stays small and survives being stored.
@Suite(.timeLimit(.minutes(LongTests.choose(1, long: 30))))
struct MarkerFuzzTests {
    private static let words = [
        "### SENTRY ", "SENTRY", "{", "}", "\"type\":\"STATUS\"", ",", ":", "\"", "\\", "[", "]", "1e999",
        "-", "\\u12", "true",
        " ", "│", "● ", "- ", "❯ ", "› ", "> ", "$ ", "…", "###", "{\"n\":1}", "\u{0}", "\u{301}", "界",
        "a long run of text",
        "\"id\":\"x\"", "### SENTRY {\"type\":\"ASK\",\"id\":\"1\"}",
    ]

    @Test(arguments: 0..<LongTests.choose(24, long: 1200))
    func randomRowsAreScanned(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed + 1))
        let kinds: [AgentKind?] = [.shell, .claude, .codex, .aider, nil]
        var scanner = MarkerScanner(kind: kinds[seed % 5])
        scanner.wantsLines = seed % 2 == 0
        var serial: UInt64 = 0
        var rows: [ScreenRow] = []
        for step in 0..<120 {
            let columns = Int.random(in: 1...100, using: &random)
            let count = Int.random(in: 0...30, using: &random)
            let isAlternate = Int.random(in: 0..<3, using: &random) == 0
            if Int.random(in: 0..<3, using: &random) > 0 || rows.isEmpty {
                rows = (0..<count).map { _ in
                    serial += 1
                    return row(serial, &random)
                }
            }
            let moment = MarkerScanner.Moment(
                size: TerminalSize(columns: columns, rows: max(1, rows.count)), isAlternate: isAlternate,
                isCursorVisible: Bool.random(using: &random),
                cursorRow: Int.random(in: 0...max(0, rows.count), using: &random), dirty: 0..<rows.count,
                isSettled: Int.random(in: 0..<5, using: &random) == 0)
            switch Int.random(in: 0..<12, using: &random) {
            case 0: scanner.resized()
            case 1: scanner.cleared(isPainting: Bool.random(using: &random))
            case 2: scanner.expectEcho(rows.map(\.text).joined(separator: "\n"))
            case 3: scanner.agentStarted()
            case 4 where !isAlternate:
                let (gone, left) = (rows.prefix(3), Array(rows.dropFirst(3)))
                _ = scanner.leave(Array(gone), screen: { left }, moment)
                rows = left
            default:
                let findings = scanner.look(rows, moment)
                #expect(findings.markers.count <= rows.count, "seed \(seed), step \(step)")
                #expect(findings.lines.count <= rows.count + 2, "seed \(seed), step \(step)")
            }
        }
    }

    private func row(_ serial: UInt64, _ random: inout SeededGenerator) -> ScreenRow {
        let count = Int.random(in: 0...8, using: &random)
        let text = (0..<count).map { _ in Self.words.randomElement(using: &random) ?? "" }.joined()
        return ScreenRow(
            text: text, serial: serial, isWrapped: Int.random(in: 0..<4, using: &random) == 0,
            isBold: Int.random(in: 0..<6, using: &random) == 0,
            isShaded: Int.random(in: 0..<6, using: &random) == 0)
    }
}
