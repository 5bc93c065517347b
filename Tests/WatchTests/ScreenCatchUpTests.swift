import Core
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import TerminalKit
@testable import TmuxKit
@testable import Watch

@Suite(.timeLimit(.minutes(1)))
struct ScreenCatchUpTests {
    /// A program prints, and every now and then somebody who sees only captures catches up: both have read the same.
    ///
    /// tmux throws away a tenth of the rows above the screen when there are as many as its `history-limit`.
    @Test(arguments: zip([1, 2, 3, 4, 5, 6] as [UInt64], [100, .max, 100, .max, 100, .max] as [Int]))
    func capturesSayWhatTheBytesSay(_ seed: UInt64, historyLimit: Int) throws {
        var random = SeededGenerator(seed: seed)
        let size = TerminalSize(columns: 60, rows: 12)
        let program = CapturedProgram(size: size, historyLimit: historyLimit)
        let reader = PaneReader(size: size, kind: .shell)
        reader.wantsLines = true
        var known = KnownScreen(rows: Array(repeating: "", count: size.rows))
        var said: [String] = []
        for step in 0..<300 {
            program.print(step, &random)
            guard Int.random(in: 0..<3, using: &random) == 0 || step == 299 else { continue }
            let capture = program.capture
            let catchUp = ScreenCatchUp(from: known, to: capture)
            try #require(!catchUp.hasGap, "seed \(seed), step \(step)")
            said += reader.feed(catchUp.bytes).compactMap(Self.number)
            let rows = reader.screen.rows
            try #require(rows == Array(capture.rows.suffix(size.rows)), "seed \(seed), step \(step)")
            known = KnownScreen(reader.screen, historySize: capture.historySize)
            // What is known is not said again.
            try #require(ScreenCatchUp(from: known, to: capture).bytes.isEmpty, "seed \(seed), step \(step)")
        }
        said += reader.settle().compactMap(Self.number)
        for (word, numbers) in [("marker", program.markers), ("line", program.lines)] {
            let found = said.filter { $0.hasPrefix(word) }
            let first = zip(found, numbers).first { $0 != "\(word) \($1)" }
            #expect(
                found.count == numbers.count && first == nil, "seed \(seed): \(String(describing: first))")
        }
        #expect(program.markers.count > 20)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func afterABurstAllThatIsLeftIsRead(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let size = TerminalSize(columns: 60, rows: 12)
        let program = CapturedProgram(size: size, historyLimit: 100)
        let reader = PaneReader(size: size, kind: .shell)
        reader.wantsLines = true
        for step in 0..<30 { program.print(step, &random) }
        let first = program.capture
        let blank = KnownScreen(rows: Array(repeating: "", count: size.rows))
        _ = reader.feed(ScreenCatchUp(from: blank, to: first).bytes)
        let known = KnownScreen(reader.screen, historySize: first.historySize)
        let before = program.lines.count
        for step in 30..<230 { program.print(step, &random) }
        let capture = program.capture
        let catchUp = ScreenCatchUp(from: known, to: capture)
        #expect(catchUp.hasGap)
        let said = (reader.feed(catchUp.bytes) + reader.settle()).compactMap(Self.number)
        // Rows that are written over the known screen are no lines of their own.
        let shown = capture.rows.dropFirst(size.rows).filter { $0.hasPrefix("line ") }
        #expect(shown.count > 20 && before < program.lines.count)
        #expect(said.filter { $0.hasPrefix("line ") }.suffix(shown.count) == shown[...])
    }

    @Test func withoutTheHistorysSizeTheRowsThemselvesTell() throws {
        let known = KnownScreen(rows: ["a", "b", "c", "$"], cursorRow: 3)
        let capture = capture(["x", "a", "b", "c", "$ make", "done", "$"], height: 4, history: 900)
        let catchUp = ScreenCatchUp(from: known, to: capture)
        #expect(!catchUp.hasGap)
        let text = String(decoding: catchUp.bytes, as: UTF8.self)
        #expect(
            text.hasPrefix("\u{1b}[4;1H\u{1b}[2K$ make\r\ndone\r\n$\u{1b}[4;1H\u{1b}_"), "\(text.visible)")
    }

    @Test func rowsThatNobodyCanSeeAnyMoreAreAGap() throws {
        var known = KnownScreen(rows: ["a", "b", "c", "$"], cursorRow: 3)
        known.historySize = 10
        let rows = (0..<8).map { "new \($0)" }
        let catchUp = ScreenCatchUp(from: known, to: capture(rows, height: 4, history: 500))
        #expect(catchUp.hasGap)
        let text = String(decoding: catchUp.bytes, as: UTF8.self)
        #expect(text.contains("new 0") && text.contains("new 7"))
    }

    @Test func aTitleComesWithIt() throws {
        let known = KnownScreen(rows: ["$"])
        var shown = capture(["$"], height: 1, history: 0)
        shown.pane.title = "build\u{1b}[2J"
        let text = String(decoding: ScreenCatchUp(from: known, to: shown).bytes, as: UTF8.self)
        #expect(text.hasPrefix("\u{1b}]2;build[2J\u{7}"), "\(text.visible)")
    }

    @Test func theHistorysSizeStandsAtTheTapsEndAndNowhereElse() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("t")
            #expect(try HistoryNote.read(atEndOf: tap) == nil)
            try Files.append(Array("text".utf8) + HistoryNote.bytes(1234), to: tap)
            #expect(try HistoryNote.read(atEndOf: tap) == 1234)
            try Files.append("x", to: tap)
            #expect(try HistoryNote.read(atEndOf: tap) == nil)
            let screen = TerminalScreen(size: TerminalSize(columns: 20, rows: 2))
            screen.feed(try #require(try Files.read(tap)))
            #expect(screen.rows == ["textx", ""])
        }
    }

    private static func number(_ reading: Reading) -> String? {
        switch reading {
        case .marker(let marker, _): marker["n"]?.integer.map { "marker \($0)" }
        case .line(let line, _): line.hasPrefix("line ") ? line : nil
        case .brokenMarker: "broken"
        }
    }

    private func capture(_ rows: [String], height: Int, history: Int) -> PaneHistory {
        let pane = PaneSnapshot.shown(columns: 40, rows: height)
        return PaneHistory(
            pane: pane, historySize: history, cursorRow: height - 1, cursorColumn: 0, isCursorVisible: true,
            rows: rows)
    }
}

extension PaneSnapshot {
    /// A pane as `list-panes` would tell of it.
    fileprivate static func shown(columns: Int, rows: Int) -> PaneSnapshot {
        guard let id = PaneID("%0") else { preconditionFailure("%0 is a pane's id") }
        return PaneSnapshot(
            id: id, server: TmuxServerID(socket: "s", pid: 1, startTime: 1),
            session: SessionName("s"), sessionID: "$0", windowName: "sh",
            pid: 2, end: nil, columns: columns, rows: rows, title: "", currentCommand: "sh",
            isPiped: true, isAlternate: false, agent: nil, tap: nil)
    }
}

/// A program's screen with its history, as tmux would keep it.
private final class CapturedProgram {
    private let screen: TerminalScreen
    private var history: [String] = []
    private var isBarShown = false
    private(set) var markers: [Int] = []
    private(set) var lines: [Int] = []

    private let historyLimit: Int

    init(size: TerminalSize, historyLimit: Int) {
        screen = TerminalScreen(size: size)
        self.historyLimit = historyLimit
    }

    /// Prints whole lines, and at times a bar that is written over the next time.
    func print(_ step: Int, _ random: inout SeededGenerator) {
        if isBarShown { feed("\r\u{1b}[K") }
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            switch Int.random(in: 0..<6, using: &random) {
            case 0: marker("", &markers)
            case 1: marker(String(repeating: "wide ", count: 12), &markers)
            case 2: feed("\r\n")
            default:
                feed("line \(lines.count)\r\n")
                lines.append(lines.count)
            }
        }
        isBarShown = Bool.random(using: &random)
        if isBarShown { feed("\(Int.random(in: 0...100, using: &random))% of step \(step)") }
    }

    private func marker(_ filler: String, _ markers: inout [Int]) {
        feed("### SENTRY {\"type\":\"T\",\"s\":\"\(filler)\",\"n\":\(markers.count)}\r\n")
        markers.append(markers.count)
    }

    private func feed(_ text: String) {
        Array(text.utf8).withUnsafeBufferPointer { bytes in
            var index = 0
            repeat {
                keepScrolledOff()
            } while screen.advance(bytes, &index) != nil
            keepScrolledOff()
        }
    }

    private func keepScrolledOff() {
        for row in screen.takeScrolledOff() {
            if history.count >= historyLimit { history.removeFirst(historyLimit / 10) }
            history.append(Self.trimmed(row.text))
        }
    }

    private static func trimmed(_ row: String) -> String {
        String(row.reversed().drop { $0 == " " }.reversed())
    }

    /// The last rows of the history, and the screen.
    var capture: PaneHistory {
        let pane = PaneSnapshot.shown(columns: screen.size.columns, rows: screen.size.rows)
        let (row, column) = screen.cursor
        return PaneHistory(
            pane: pane, historySize: history.count, cursorRow: row, cursorColumn: column,
            isCursorVisible: screen.isCursorVisible, rows: history.suffix(200) + screen.rows)
    }
}
