import Core
import TerminalKit
import Testing

/// A pane that falls silent in the middle of a line has not finished it.
struct PauseTests {
    @Test(arguments: [AgentKind.shell, .claude, .codex], 1..<70)
    func markerThatPausesInTheMiddleCountsOnce(kind: AgentKind, cut: Int) {
        let line = Array("### SENTRY {\"type\":\"STATUS\",\"stage\":\"lint\",\"ok\":true,\"n\":98}\r\n".utf8)
        guard cut < line.count else { return }
        let reader = PaneReader(size: TerminalSize(columns: 100, rows: 20), kind: kind)
        var readings = reader.feed(Array("working\r\n### SENTRY {\"type\":\"STATUS\",\"n\":97}\r\n".utf8))
        readings += reader.settle()
        readings += reader.feed(Array(line[..<cut]))
        readings += reader.settle()
        readings += reader.feed(Array(line[cut...]))
        readings += reader.settle()
        readings += reader.feed(Array("### SENTRY {\"type\":\"STATUS\",\"n\":99}\r\n".utf8))
        readings += reader.settle()
        let numbers = readings.compactMap { reading -> Int64? in
            if case .marker(let marker, _) = reading { marker["n"]?.integer } else { nil }
        }
        #expect(numbers == [97, 98, 99])
    }
}
