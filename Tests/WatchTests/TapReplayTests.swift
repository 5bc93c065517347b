import Core
import ProcessKit
import Store
import SystemPackage
import TerminalKit
import TestSupport
import Testing

@testable import Watch

@Suite(.timeLimit(.minutes(1)))
struct TapReplayTests {
    private static let size = ScreenSize(columns: 80, rows: 24)
    private static let start = Timestamp(milliseconds: 1_000_000)

    private func mark(_ offset: Int, _ seconds: Int64, _ size: ScreenSize = size) -> TapMark {
        TapMark(offset: Int64(offset), at: Self.start.advanced(by: .seconds(seconds)), size: size)
    }

    private func lines(_ replay: TapReplay?, echoes: [String] = []) throws -> [String] {
        var replay = replay
        var said: [String] = []
        while replay?.nextTime != nil {
            guard let stretch = try replay?.next(echoes: echoes) else { continue }
            let second = stretch.at.distance(from: Self.start).inMilliseconds / 1000
            said += stretch.readings.map { reading in
                switch reading {
                case .line(let text, _): "\(second) \(text)"
                case .marker(let marker, _): "\(second) marker \(marker.stage ?? "")"
                case .brokenMarker: "\(second) broken"
                }
            }
        }
        return said
    }

    private func replay(
        _ tap: FilePath, _ marks: [TapMark], since seconds: Int64 = 0
    ) throws -> TapReplay? {
        try TapReplay(
            path: tap, kind: .shell, marks: marks, since: Self.start.advanced(by: .seconds(seconds)))
    }

    @Test func linesComeAtTheTimesOfTheirMarks() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            try Files.append("one\r\ntwo\r\n### SENTRY {\"type\":\"STATUS\",\"stage\":\"s\"}\r\nend", to: tap)
            // Quiet at its end: two marks at one offset.
            let marks = [mark(0, 0), mark(5, 1), mark(10, 4), mark(56, 6), mark(56, 7)]
            let all = try lines(try replay(tap, marks))
            // A line is over when the next one begins.
            #expect(all.first == "4 one")
            #expect(all.contains("6 two"))
            #expect(all.contains("6 marker s"))
            #expect(all.last == "7 end", "\(all)")
            // What lies before the asked-for time brings the screen up to it without a word.
            #expect(try lines(try replay(tap, marks, since: 5)) == all.filter { !$0.hasPrefix("4") })
            #expect(try replay(tap, marks, since: 8) == nil)
            #expect(try replay(folder.appending("none.tap"), marks) == nil)
        }
    }

    @Test func aHeadThatWasGivenBackIsSaid() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            let text = (0..<4000).map { "line \($0)\r\n" }.joined()
            try Files.append(text, to: tap)
            let end = text.utf8.count
            let marks = [mark(0, 0), mark(end / 2, 1), mark(end, 2), mark(end, 3)]
            let whole = try replay(tap, marks)
            #expect(whole?.missing == 0)
            #expect(try lines(whole).count == 4000)
            try TapHead.free(tap, upTo: 8192)
            let cut = try #require(try replay(tap, marks))
            #expect(cut.missing == 8192)
            #expect(cut.firstOffset > 8192)
            let left = try lines(cut)
            #expect(left.count > 2000 && left.count < 4000)
            #expect(left.last == "3 line 3999")
            #expect(left.allSatisfy { $0.dropFirst(2).hasPrefix("line ") }, "\(left.first ?? "")")
            // Nothing of the time that was asked for is missing.
            #expect(try replay(tap, marks, since: 2)?.missing == 0)
        }
    }
}
