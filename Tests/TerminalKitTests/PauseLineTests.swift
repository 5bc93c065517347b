import Core
import TerminalKit
import Testing

struct PauseLineTests {
    /// A program that pauses after each line: the row under the cursor is empty then, and its line is still to come.
    @Test func aLineThatIsPrintedAfterAPauseIsGiven() {
        let reader = PaneReader(size: TerminalSize(columns: 40, rows: 6), kind: .shell)
        reader.wantsLines = true
        var lines: [String] = []
        for number in 0..<10 {
            for reading in reader.settle() + reader.feed(Array("line \(number)\r\n".utf8)) + reader.settle() {
                if case .line(let text, _) = reading { lines.append(text) }
            }
        }
        #expect(lines == (0..<10).map { "line \($0)" })
    }
}
