import Core
import Testing

@testable import Web

struct FeedTests {
    static func parts(_ event: (number: Int64, text: String)?) -> [String: String] {
        let line = event?.text.split(separator: "\n").first { $0.hasPrefix("data: ") } ?? ""
        let object = (try? JSONValue.parse(String(line.dropFirst(6))))?["parts"]?.object ?? JSONObject()
        return Dictionary(object.keys.map { ($0, object[$0]?.string ?? "") }) { $1 }
    }

    @Test func eachFollowerGetsWhatChangedSinceItsLastEvent() {
        var edition = BoardEdition()
        #expect(edition.event(after: nil) == nil)
        edition.take(["agents": "1", "journal": "1"], number: 100)
        #expect(Self.parts(edition.event(after: nil)) == ["agents": "1", "journal": "1"])
        edition.take(["agents": "1", "journal": "2"], number: 101)
        edition.take(["agents": "1", "journal": "2"], number: 102)
        #expect(edition.event(after: 101) == nil, "nothing has changed since")
        #expect(Self.parts(edition.event(after: 100)) == ["journal": "2"])
        edition.take(["agents": "2", "journal": "3"], number: 103)
        // One that fell behind gets the newest text of each part once, not every step on the way.
        let event = edition.event(after: 100)
        #expect(Self.parts(event) == ["agents": "2", "journal": "3"] && event?.number == 103)
        #expect(event?.text.hasPrefix("event: parts\nid: 103\ndata: ") == true)
        #expect(event?.text.hasSuffix("\n\n") == true)
    }

    @Test func numbersThatAreNotOursMeanAFreshPicture() {
        var edition = BoardEdition()
        edition.take(["a": "1"], number: 500)
        edition.take(["b": "2", "a": "1"], number: 501)
        for last: Int64? in [nil, 0, 499, 502, -1, .max] {
            #expect(Self.parts(edition.event(after: last)) == ["a": "1", "b": "2"], "\(last ?? -2)")
        }
        #expect(Self.parts(edition.event(after: 500)) == ["b": "2"])
    }

    @Test func rowsThatAreGoneAreForgotten() {
        var edition = BoardEdition()
        edition.take(["list": "<1>", "row-1": "one"], number: 1)
        edition.take(["list": "<>"], number: 2)
        #expect(Self.parts(edition.event(after: nil)) == ["list": "<>"])
    }

    @Test func linesOfTextStayInOneLineOfTheEvent() {
        var edition = BoardEdition()
        edition.take(["a": "x\n\ndata: forged\r\nid: 7\n"], number: 9)
        let lines = edition.event(after: nil)?.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines?.count == 5 && lines?[1] == "id: 9")
    }

    @Test func burstsAreReadOnceAndReadingRests() {
        let start = ContinuousClock.now
        var times = FeedTimes(tick: .seconds(15))
        #expect(times.next(after: start) == nil)
        times.boardChanged(at: start)
        times.boardChanged(at: start.advanced(by: .milliseconds(40)))
        #expect(times.next(after: start) == BoardFeed.pause)
        #expect(!times.isBoardDue(at: start.advanced(by: .milliseconds(49))))
        let due = start.advanced(by: .milliseconds(50))
        #expect(times.isBoardDue(at: due))
        // A reading of 200 ms is followed by 600 ms without one.
        let end = due.advanced(by: .milliseconds(200))
        times.boardRead(at: end, after: .milliseconds(200))
        #expect(!times.isBoardDue(at: end))
        times.boardChanged(at: end.advanced(by: .milliseconds(10)))
        #expect(!times.isBoardDue(at: end.advanced(by: .milliseconds(599))))
        #expect(times.isBoardDue(at: end.advanced(by: .milliseconds(600))))
    }

    @Test func panesThatPrintWithoutEndRingNowAndThen() {
        let start = ContinuousClock.now
        var times = FeedTimes(tick: .seconds(15))
        times.taps = ["a.tap"]
        #expect(times.takeTaps(at: start) == ["a.tap"])
        times.taps = ["a.tap", "b.tap"]
        #expect(times.takeTaps(at: start.advanced(by: .milliseconds(79))) == nil)
        #expect(times.next(after: start) == BoardFeed.panePause)
        #expect(times.takeTaps(at: start.advanced(by: .milliseconds(80))) == ["a.tap", "b.tap"])
        #expect(times.takeTaps(at: start.advanced(by: .seconds(1))) == nil)
    }
}
