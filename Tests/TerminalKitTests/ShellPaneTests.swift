import Core
import Foundation
import TestSupport
import Testing

@testable import TerminalKit

/// Panes in which a program prints row after row, made by hand.
struct ShellPaneTests {
    let marker = #"### SENTRY {"type":"STATUS","stage":"lint","ok":true}"#

    func read(_ text: String, columns: Int = 80, rows: Int = 10, kind: AgentKind? = .shell) -> [Reading] {
        let reader = PaneReader(size: TerminalSize(columns: columns, rows: rows), kind: kind)
        return reader.feed(Array(text.utf8)) + reader.settle()
    }

    @Test func fileWithMarkersGivesEachOnce() {
        let lines = (0..<500).map { "### SENTRY {\"type\":\"STATUS\",\"stage\":\"s\($0)\"}\r\nline \($0)" }
        let markers = read("$ cat f\r\n" + lines.joined(separator: "\r\n") + "\r\n$ ").markers
        #expect(markers.compactMap(\.stage) == (0..<500).map { "s\($0)" })
    }

    @Test func sameMarkerPrintedAgainCountsAgain() {
        #expect(read("\(marker)\r\n\(marker)\r\n$ ").markers.count == 2)
        let many = String(repeating: marker + "\r\n", count: 1000)
        #expect(read(many).markers.count == 1000)
    }

    @Test func redrawOfARowCountsOnce() {
        #expect(read("\(marker)\r\(marker)\r\u{1b}[K\(marker)\r\n").markers.count == 1)
        #expect(read("\(marker)\r\n\u{1b}[A\u{1b}[2K\(marker)\r\n").markers.count == 1)
        let live = "\u{1b}[?25la\r\n\(marker)\r\n\u{1b}[2A\u{1b}[Ja\r\nb\r\n\(marker)\r\n\u{1b}[?25h"
        #expect(read(live).markers.count == 1)
    }

    @Test func clearedScreenPrintedAgainCountsAgain() {
        #expect(read("\(marker)\r\n$ \u{1b}[H\u{1b}[J\u{1b}[3J\(marker)\r\n$ ").markers.count == 2)
    }

    @Test func resizeRepeatsNothing() {
        let reader = PaneReader(size: TerminalSize(columns: 80, rows: 10), kind: .shell)
        var markers = reader.feed(Array("\(marker)\r\n$ ".utf8)).markers
        for (columns, rows) in [(40, 5), (20, 20), (120, 40)] {
            reader.resize(TerminalSize(columns: columns, rows: rows))
            markers += reader.feed(Array("\r\u{1b}[K$ ".utf8)).markers + reader.settle().markers
        }
        #expect(markers.count == 1)
        #expect(reader.screen.rows[0] == marker)
    }

    @Test func markerWiderThanThePaneIsWhole() {
        let long =
            #"### SENTRY {"type":"STATUS","stage":"lint","summary":"\#(String(repeating: "word ", count: 60))end"}"#
        let markers = read("\(long)\r\n$ ", columns: 33, rows: 5).markers
        #expect(markers.first?["summary"]?.string == String(repeating: "word ", count: 60) + "end")
    }

    @Test(arguments: ["> ", "$ echo '", "I print ", "12 + ", "// ", "❯ ", "####"])
    func markerBehindOtherTextIsNone(_ prefix: String) {
        #expect(read("\(prefix)\(marker)\r\n").markers.isEmpty)
    }

    @Test func typedCommandIsNoMarkerButItsOutputIs() {
        let quoted = "echo '\(marker)'"
        #expect(read("$ \(quoted)\r\n\(marker)\r\n$ ").markers.count == 1)
    }

    @Test func expectedEchoIsSkipped() {
        let reader = PaneReader(size: TerminalSize(columns: 80, rows: 10), kind: .shell)
        reader.wantsLines = true
        reader.expectEcho("npm run lint\n\(marker)")
        let readings = reader.feed(Array("$ npm run lint\r\n\(marker)\r\n0 problems\r\n$ ".utf8))
        #expect(readings.markers.isEmpty)
        #expect((readings + reader.settle()).lines == ["0 problems", "$"])
    }

    @Test(arguments: ["", "$ ", "me@host:~/x % "])
    func markerBehindTypedTextThatWaitsForEnterCounts(_ prompt: String) {
        let reader = PaneReader(size: TerminalSize(columns: 80, rows: 4), kind: .shell)
        reader.expectEcho("git push")
        let other = #"### SENTRY {"type":"STATUS","n":2}"#
        let text = "\(prompt)git push\(marker)\r\n\(other)\r\n\r\nx\r\ny\r\nz\r\n\(marker)\r\n"
        let readings = text.utf8.flatMap { reader.feed([$0]) } + reader.settle()
        #expect(readings.markers.count == 3)
        reader.expectEcho("say \(marker)")
        #expect(reader.feed(Array("\(prompt)say \(marker)\r\n".utf8)).markers.isEmpty)
    }

    @Test func scrollRegionsGiveEachMarkerOnce() {
        let text = "\u{1b}[2;8rtop" + String(repeating: "\u{1b}[8;1H\n\(marker)", count: 3) + "\r\n\u{1b}[r"
        #expect(read(text).markers.count == 3)
    }

    @Test func brokenPayloadsAreCountedNotGiven() {
        let rows = ["{\"a\":tru}", "[1]", "not json", "{\"a\":" + String(repeating: "[", count: 70) + "}"]
        let readings = read(rows.map { "### SENTRY \($0)\r\n\r\n" }.joined() + "$ ")
        #expect(readings.markers.isEmpty)
        #expect(readings.count == 4)
    }

    @Test func payloadOverItsLimitIsNone() {
        let fits = "### SENTRY {\"a\":\"\(String(repeating: "x", count: 60_000))\"}\r\n$ "
        #expect(read(fits).markers.count == 1)
        let tooLong = "### SENTRY {\"a\":\"\(String(repeating: "x", count: 70_000))\"}\r\n$ "
        #expect(read(tooLong).markers.isEmpty)
    }

    @Test func idCountsOnce() {
        let text = "### SENTRY {\"type\":\"STATUS\",\"id\":\"a1\"}\r\n"
        #expect(read(text + "x\r\n" + text).markers.count == 1)
    }

    @Test func linesAreLogicalAndComeOnce() {
        let reader = PaneReader(size: TerminalSize(columns: 10, rows: 4), kind: .shell)
        reader.wantsLines = true
        let text =
            "0123456789abcdef\r\n10%\r20%\r100%\r\n" + (0..<20).map { "row \($0)\r\n" }.joined() + "end"
        let lines = (reader.feed(Array(text.utf8)) + reader.settle()).lines
        #expect(lines == ["0123456789abcdef", "100%"] + (0..<20).map { "row \($0)" } + ["end"])
    }

    @Test(arguments: [1, 7, 4096])
    func lineLongerThanTheScreenComesWhole(_ piece: Int) {
        let reader = PaneReader(size: TerminalSize(columns: 10, rows: 4), kind: .shell)
        reader.wantsLines = true
        let long = (0..<40).map { "word\($0) " }.joined() + "end"
        let bytes = Array("first\r\n\(long)\r\nlast\r\n".utf8)
        var lines: [String] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            lines += reader.feed(Array(bytes[start..<min(start + piece, bytes.count)])).lines
        }
        lines += reader.settle().lines
        #expect(lines == ["first", long, "last"])
    }

    @Test func floodKeepsLittleAndGivesEachMarkerOnce() throws {
        let reader = PaneReader(size: TerminalSize(columns: 200, rows: 50), kind: .claude)
        let filler = String(repeating: "some words of a build log that nobody reads\r\n", count: 9)
        var stages: [String] = []
        for number in 0..<700 {
            let text = "### SENTRY {\"type\":\"STATUS\",\"stage\":\"s\(number)\"}\r\n" + filler
            stages += reader.feed(Array(text.utf8)).markers.compactMap(\.stage)
        }
        #expect(stages == (0..<700).map { "s\($0)" })
        let full = String(repeating: String(repeating: "full row ", count: 22) + "\r\n", count: 400)
        _ = reader.feed(Array(full.utf8))
        #expect(reader.screen.grid.history.count <= 2 * Grid.historyRows)
    }

    @Test func keyframeIsSmall() throws {
        let reader = PaneReader(size: TerminalSize(columns: 200, rows: 50), kind: .claude)
        let usual = "a usual row of some sixty characters, as programs print them\r\n"
        _ = reader.feed(Array(String(repeating: usual, count: 400).utf8))
        let keyframe = try #require(reader.keyframe())
        #expect(try JSONEncoder().encode(keyframe).count < 30_000)
    }

    @Test func hiddenStringsAreNotPrinted() {
        let reader = PaneReader(size: TerminalSize(columns: 40, rows: 3), kind: .shell)
        _ = reader.feed(
            Array(
                "a\u{1b}_Gi=31;AAAA\u{1b}\\b\u{1b}ktitle\u{1b}\\c\u{1b}^x\u{1b}\\d\u{1b}X\(marker)\u{1b}\\"
                    .utf8))
        #expect(reader.screen.rows[0] == "abcd")
        #expect(reader.screen.title.isEmpty)
    }

    @Test func oldAlternateScreenIsKnown() {
        let reader = PaneReader(size: TerminalSize(columns: 40, rows: 3), kind: .shell)
        _ = reader.feed(Array("main\u{1b}[?47hother".utf8))
        #expect(reader.screen.isAlternate)
        _ = reader.feed(Array("\u{1b}[?47l".utf8))
        #expect(reader.screen.rows[0] == "main")
    }

    @Test func cellsCarryStylesAndWideCharacters() {
        let screen = TerminalScreen(size: TerminalSize(columns: 12, rows: 2))
        screen.feed(Array("a\u{1b}[1;31m中e\u{301}\u{1b}[0m".utf8))
        let runs = screen.cells(row: 0)
        #expect(runs.map(\.text) == ["a", "中e\u{301}", "        "])
        #expect(runs.map(\.columns) == [1, 3, 8])
        #expect(runs[1].style.attributes == .bold)
        #expect(runs[1].style.foreground == .indexed(1))
    }

    @Test func randomBytesNeitherCrashNorGrow() {
        var random = SeededGenerator(seed: 3)
        let alphabet = Array(
            "\u{1b}\u{1b}\u{1b}[[]?;;0123456789HJKmhlrSTLMPX@ABCD\r\n\t\u{8}abc中#### SENTRY{}\"".utf8)
        for round in 0..<12 {
            let reader = PaneReader(
                size: TerminalSize(columns: 30, rows: 8), kind: round % 2 == 0 ? .claude : nil)
            reader.wantsLines = true
            for _ in 0..<40 {
                let bytes = (0..<500).map { _ in
                    round % 3 == 0
                        ? UInt8.random(in: 0...255, using: &random)
                        : alphabet.randomElement(using: &random) ?? 0
                }
                _ = reader.feed(bytes)
                if Int.random(in: 0..<10, using: &random) == 0 {
                    reader.resize(
                        TerminalSize(
                            columns: Int.random(in: 1...50, using: &random),
                            rows: Int.random(in: 1...20, using: &random)))
                }
            }
            #expect(reader.screen.rows.count == reader.screen.size.rows)
        }
    }
}
