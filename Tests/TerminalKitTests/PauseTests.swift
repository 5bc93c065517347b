import Core
import TerminalKit
import Testing

/// A pane that falls silent in the middle of a line has not finished it.
struct PauseTests {
    @Test(arguments: [AgentKind.shell, .claude, .codex])
    func markerThatPausesInTheMiddleCountsOnce(kind: AgentKind) {
        let line = Array("### SENTRY {\"type\":\"STATUS\",\"stage\":\"lint\",\"ok\":true,\"n\":98}\r\n".utf8)
        for cut in 1..<line.count {
            let numbers = numbers(
                kind,
                pieces: [
                    Array("working\r\n### SENTRY {\"type\":\"STATUS\",\"n\":97}\r\n".utf8),
                    Array(line[..<cut]),
                    Array(line[cut...]), Array("### SENTRY {\"type\":\"STATUS\",\"n\":99}\r\n".utf8),
                ])
            #expect(numbers == [97, 98, 99], "cut behind byte \(cut)")
        }
    }

    /// The `n` of each marker that a new reader finds, when the pane is silent after each piece.
    private func numbers(_ kind: AgentKind, pieces: [[UInt8]]) -> [Int64] {
        let reader = PaneReader(size: TerminalSize(columns: 100, rows: 20), kind: kind)
        return pieces.flatMap { reader.feed($0) + reader.settle() }.compactMap { reading in
            if case .marker(let marker, _) = reading { marker["n"]?.integer } else { nil }
        }
    }
}
