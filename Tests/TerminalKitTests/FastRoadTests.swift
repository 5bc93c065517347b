import Core
import Foundation
import TestSupport
import Testing

@testable import TerminalKit

/// Plain lines are written without libvterm: nobody may be able to tell.
@Suite(.timeLimit(.minutes(2)))
struct FastRoadTests {
    /// A step of a pane's life.
    enum Step {
        case bytes([UInt8])
        case size(TerminalSize)
    }

    /// Takes both roads and compares everything that can be seen, also after a last resize that brings history back.
    func compare(
        _ steps: [Step], size: TerminalSize, kind: AgentKind?, lines: Bool, _ place: String
    ) -> [Reading] {
        let fast = PaneReader(size: size, kind: kind)
        let general = PaneReader(size: size, kind: kind)
        general.screen.usesFastRoad = false
        (fast.wantsLines, general.wantsLines) = (lines, lines)
        var readings: [Reading] = []
        for (number, step) in steps.enumerated() {
            switch step {
            case .bytes(let bytes):
                let seen = fast.feed(bytes)
                readings += seen
                #expect(seen == general.feed(bytes), "\(place), step \(number)")
            case .size(let size):
                fast.resize(size)
                general.resize(size)
            }
            #expect(fast.keyframe() == general.keyframe(), "\(place), step \(number)")
            #expect(fast.screen.rows == general.screen.rows, "\(place), step \(number)")
        }
        let end = fast.settle()
        #expect(end == general.settle(), "\(place), end")
        // Half a character more: what libvterm itself remembers must be the same too.
        let probe = Array("\u{301}x\u{1b}[1m\tend\r\n\u{1b}[5;1H\u{1b}Mtop".utf8)
        #expect(fast.feed(probe) == general.feed(probe), "\(place), probe")
        #expect(fast.keyframe() == general.keyframe(), "\(place), probe")
        return readings + end
    }

    @Test(arguments: Recording.all)
    func recordingsReadTheSame(_ recording: Recording) {
        // Painted screens give their lines on the general road only.
        for lines in recording.kind == .aider ? [false, true] : [true] {
            var steps: [Step] = []
            var position = 0
            for resize in recording.resizes {
                steps.append(.bytes(Array(recording.tap[position..<resize.offset])))
                steps.append(.size(TerminalSize(columns: resize.cols, rows: resize.rows)))
                position = resize.offset
            }
            steps.append(.bytes(Array(recording.tap[position...])))
            let readings = compare(
                steps, size: recording.size, kind: recording.kind, lines: lines, recording.name)
            #expect(readings.markers.count >= recording.expect.count)
        }
    }

    /// Plain text with everything that it may meet, and now and then something that is not plain.
    func randomText(_ random: inout SeededGenerator, lines: Int, columns: Int) -> [UInt8] {
        var text: [UInt8] = []
        for line in 0..<lines {
            switch Int.random(in: 0..<24, using: &random) {
            case 0: text += Array("### SENTRY {\"type\":\"STATUS\",\"stage\":\"s\(line)\"}".utf8)
            case 1:
                text += Array(
                    "### SENTRY {\"type\":\"STATUS\",\"summary\":\"\(String(repeating: "long word ", count: 30))\"}"
                        .utf8)
            case 2: text += Array("wide 中文字 and e\u{301} and 🚀 SENTRY".utf8)
            case 3: text += Array("a\tb\t\tc\t".utf8) + Array(repeating: 0x78, count: columns)
            case 4: text += Array(repeating: 0x79, count: columns * Int.random(in: 1...4, using: &random))
            case 5: text += Array("10%\r20%\r100% SENTRY\u{1b}[K".utf8)
            case 6: text += Array("\u{1b}[2A\u{1b}[3Cmoved".utf8)
            case 7: text += Array("\u{1b}[44mblue\u{1b}[K".utf8)
            case 8: text += Array("\u{1b}[3;6r\u{1b}[6;1Hin a region\r\n\n\u{1b}[r\u{1b}[9;1H".utf8)
            case 9:
                text += Array(
                    ["\u{1b}[?1049h", "\u{1b}[?1049l", "\u{1b}[4h", "\u{1b}[4l", "\u{1b}(0lqk\u{1b}(B"]
                        .randomElement(using: &random)?.utf8 ?? "".utf8)
            case 10: break
            case 11: text += Array("### SENTRY {\"open\":".utf8)
            case 12: text += Array(repeating: 0x09, count: columns / 8 + 2) + Array("end".utf8)
            default:
                for word in 0..<Int.random(in: 1...30, using: &random) {
                    if word % 5 == 4 {
                        text += Array("\u{1b}[3\(Int.random(in: 0...7, using: &random));1m".utf8)
                    }
                    text += Array("word\(word) ".utf8)
                }
                text += Array("\u{1b}[0m".utf8)
            }
            let isBare = Int.random(in: 0..<20, using: &random) == 0
            text += isBare ? [0x0a] : Int.random(in: 0..<20, using: &random) == 0 ? [13, 13, 10] : [13, 10]
        }
        return text
    }

    @Test(arguments: 0..<24)
    func randomTextReadsTheSame(_ seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed + 1))
        let size = TerminalSize(
            columns: Int.random(in: 4...60, using: &random), rows: Int.random(in: 2...12, using: &random))
        let text = randomText(&random, lines: 120, columns: size.columns)
        var steps: [Step] = []
        var position = 0
        while position < text.count {
            let end = min(text.count, position + Int.random(in: 1...900, using: &random))
            steps.append(.bytes(Array(text[position..<end])))
            if Int.random(in: 0..<6, using: &random) == 0 {
                steps.append(
                    .size(
                        TerminalSize(
                            columns: Int.random(in: 4...60, using: &random),
                            rows: Int.random(in: 2...20, using: &random))))
            }
            position = end
        }
        let kinds: [AgentKind?] = [.shell, .claude, .aider, nil]
        _ = compare(steps, size: size, kind: kinds[seed % 4], lines: seed % 3 == 0, "seed \(seed)")
    }

    @Test func plainLinesTakeTheFastRoad() {
        let reader = PaneReader(size: TerminalSize(columns: 20, rows: 4), kind: .shell)
        let text = Array("one\r\n\u{1b}[1mtwo\u{1b}[0m\r\nthree and more than a row\r\n".utf8)
        unsafe text.withUnsafeBufferPointer { buffer in
            var index = 0
            var readings: [Reading] = []
            unsafe reader.readPlainLines(buffer, &index, from: 0, &readings)
            // All but the last line feed.
            #expect(index == text.count - 1)
        }
        #expect(reader.screen.rows == ["one", "two", "three and more than", "a row"])
    }
}
