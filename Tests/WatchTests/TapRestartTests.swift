import Core
import ProcessKit
import Store
import SystemPackage
import TerminalKit
import TestSupport
import Testing

@testable import Watch

@Suite(.timeLimit(.minutes(1)))
struct TapRestartTests {
    /// What one reader that was never interrupted says, beside one that is made anew again and again.
    @Test(arguments: [3, 5, 6], ["shell", "claude", "codex"])
    func aReaderThatIsMadeAnewCountsAsOneThatGoesOn(_ seed: UInt64, _ kind: String) async throws {
        try await compare(seed, kind)
    }

    /// A new version of this program may store screens that it writes otherwise: then tap and marks must do.
    @Test(arguments: [3, 5, 6], ["shell", "claude", "codex"])
    func aReaderThatCannotUseTheStoredScreenDoesSo(_ seed: UInt64, _ kind: String) async throws {
        try await compare(seed, kind, losingScreens: true)
    }

    @Test func aStoredScreenOfAnotherVersionIsNone() async throws {
        let id = FleetID("shop")
        let store = try Store.inMemory().fleet(id)
        let now = Timestamp(milliseconds: 1)
        try await store.register(FleetRegistration(id: id, name: "shop", path: "/repo"), at: now)
        let (subject, size) = (Subject.mainCheckout, ScreenSize(columns: 80, rows: 24))
        var step = WatchStep()
        step.tap = TapAdvance(from: 0, to: 10, size: size)
        step.marks = [0, 4, 10].map { TapMark(offset: $0, at: now, size: size) }
        step.keyframe = StoredKeyframe(offset: 10, state: Array(#"{"screen": "of tomorrow"}"#.utf8))
        try await store.commit(step, for: subject, at: now)
        let place = try await TapFollower.Place.load(subject, upTo: 10, from: store)
        #expect(place.keyframe == nil)
        #expect(place.marks.map(\.offset) == [0, 4, 10])
    }

    private func compare(_ seed: UInt64, _ kind: String, losingScreens: Bool = false) async throws {
        try await withTemporaryFolder { folder in
            var random = SeededGenerator(seed: seed)
            let writer = TapWriter(tap: folder.appending("a.tap"))
            let kind = AgentKind(kind)
            var steady = try StoredReader(writer.tap, kind: kind)
            var broken = try StoredReader(writer.tap, kind: kind)
            for step in 0..<400 {
                (steady.clock, broken.clock) = (Int64(step) * 1000, Int64(step) * 1000)
                let op = try writer.act(step, &random)
                if op == .settle {
                    steady.settle()
                    broken.settle()
                } else {
                    try steady.read()
                    try broken.read()
                }
                if Int.random(in: 0..<3, using: &random) == 0 {
                    if losingScreens { broken.place.keyframe = nil }
                    try broken.restart()
                }
                let place = "seed \(seed), step \(step)"
                try #require(Array(broken.said.suffix(3)) == Array(steady.said.suffix(3)), "\(place)")
                try #require(broken.said.count == steady.said.count, "\(place)")
                let differing = zip(broken.rows, steady.rows).filter { $0 != $1 }.map { "\($0) | \($1)" }
                try #require(differing == [], "\(place)")
            }
            #expect(steady.said.count > 50)
            #expect(broken.restarts > 50)
        }
    }

    /// What the marks remember is enough to read the tap again.
    @Test(arguments: [3, 6], ["shell", "claude", "codex"])
    func aTapThatIsReadAgainSaysTheSame(_ seed: UInt64, _ kind: String) async throws {
        try await withTemporaryFolder { folder in
            var random = SeededGenerator(seed: seed)
            let writer = TapWriter(tap: folder.appending("a.tap"))
            var steady = try StoredReader(writer.tap, kind: AgentKind(kind))
            for step in 0..<400 {
                steady.clock = Int64(step) * 1000
                if try writer.act(step, &random) == .settle {
                    steady.settle()
                } else {
                    try steady.read()
                }
            }
            steady.settle()
            var replay = try #require(
                try TapReplay(path: writer.tap, kind: AgentKind(kind), marks: steady.place.marks))
            var said: [String] = []
            while replay.nextTime != nil {
                said += try replay.next(echoes: [])?.readings.map(StoredReader.words) ?? []
            }
            let differing = zip(said, steady.said).enumerated().first { $1.0 != $1.1 }
            let isSame = said == steady.said
            #expect(isSame, "seed \(seed): \(String(describing: differing))")
            #expect(said.count > 50)
        }
    }

    @Test func anEchoOfTypedTextIsNoMarkerAlsoAfterARestart() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            let marker = #"### SENTRY {"type":"STATUS","stage":"a"}"#
            try Files.append("$ ", to: tap)
            var reader = try StoredReader(tap, kind: .shell)
            try reader.read(echoes: ["echo '\(marker)'", marker])
            try Files.append("\(marker)\r\n", to: tap)
            try reader.read()
            #expect(reader.said == [])
            try reader.restart(echoes: [marker])
            try Files.append("\(marker)\r\n", to: tap)
            try reader.read()
            #expect(reader.said == [])
            try Files.append("### SENTRY {\"type\":\"STATUS\",\"stage\":\"b\"}\r\n", to: tap)
            try reader.read()
            #expect(reader.said.count == 1)
        }
    }

    @Test func aMarkerBehindAnEchoCountsOnceAlsoAfterARestart() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            var reader = try StoredReader(tap, kind: .shell)
            try Files.append("$ git push### SENTRY {\"type\":\"STATUS\"}\r\n\r\n", to: tap)
            try reader.read(echoes: ["git push"])
            #expect(reader.markers == 1)
            // From the tap's beginning, as when no screen was stored since.
            reader.place.keyframe = nil
            try reader.restart(echoes: ["git push"])
            for number in 0..<60 { try Files.append("row \(number)\r\n", to: tap) }
            try reader.read()
            #expect(reader.markers == 1)
        }
    }

    @Test func aProgramThatIsStartedAgainMayUseAnIdAgain() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            let line = "### SENTRY {\"type\":\"STATUS\",\"id\":\"x\"}\r\n"
            try Files.append(line + line + "\u{1b}[?1049h", to: tap)
            var reader = try StoredReader(tap, kind: .shell)
            try reader.read()
            #expect(reader.markers == 1)
            let length = Files.size(tap) ?? 0
            try Files.append("1 \(length) 100 30 start\n", to: SizeLog.path(of: tap))
            try Files.append(line, to: tap)
            try reader.read()
            try reader.restart()
            try reader.read()
            #expect(reader.markers == 2)
            #expect(reader.follower.size == TerminalSize(columns: 100, rows: 30))
            #expect(!reader.follower.reader.screen.isAlternate)
        }
    }

    @Test func aReplacedTapIsNoticed() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            try Files.append("one\r\n", to: tap)
            let reader = try StoredReader(tap, kind: .shell)
            #expect(!reader.follower.isReplaced)
            try Files.write("two, which is longer\r\n", to: tap)
            #expect(reader.follower.isReplaced)
        }
    }

    @Test func theHeadOfATapIsFreedWithoutMovingOffsets() async throws {
        try await withTemporaryFolder { folder in
            let tap = folder.appending("a.tap")
            try Files.append(String(repeating: "x", count: 4 << 20) + "the end", to: tap)
            let before = try blocks(tap)
            try TapHead.free(tap, upTo: 3 << 20)
            #expect(Files.size(tap) == Int64((4 << 20) + 7))
            let holds = try Files.read(tap, from: 4 << 20, limit: 100) == Array("the end".utf8)
            #expect(holds)
            let holds2 = try blocks(tap) <= before - (2 << 20) / 512
            #expect(holds2)
        }
    }
}

/// A reader with what the watcher would have stored for it.
private struct StoredReader {
    let tap: FilePath
    let kind: AgentKind
    var follower: TapFollower
    var place = TapFollower.Place()
    var said: [String] = []
    var restarts = 0
    /// The step of the writer is the time of day.
    var clock: Int64 = 0

    init(_ tap: FilePath, kind: AgentKind) throws {
        (self.tap, self.kind) = (tap, kind)
        if !Files.exists(tap) { try Files.append("", to: tap) }
        follower = try TapFollower(
            path: tap, kind: kind, size: TerminalSize(columns: 80, rows: 24), wantsLines: true)
    }

    var markers: Int { said.count { $0.hasPrefix("marker") } }
    var rows: [String] { follower.reader.screen.rows }

    mutating func read(echoes: [String] = []) throws {
        var more = true
        while more {
            let readings = try follower.read(follower.nextBytes(), echoes: echoes)
            more = follower.isBehind
            try store(readings)
        }
    }

    mutating func settle() {
        let readings = follower.settle()
        try? store(readings, isSettled: true)
    }

    static func words(_ reading: Reading) -> String {
        switch reading {
        case .line(let text, _): "line \(text)"
        case .marker(let marker, _):
            "marker \(JSONValue.object(marker.payload.object).serialized(sorted: true))"
        case .brokenMarker: "broken"
        }
    }

    /// As the watcher's transaction does.
    private mutating func store(_ readings: [Reading], isSettled: Bool = false) throws {
        said += readings.map(Self.words)
        clock += 1
        let now = Timestamp(milliseconds: clock)
        if place.offset == 0, place.marks.isEmpty {
            let size = ScreenSize(columns: follower.firstSize.columns, rows: follower.firstSize.rows)
            place.marks.append(TapMark(offset: 0, at: now, size: size))
        }
        place.marks += follower.resizes.map { resize in
            TapMark(
                offset: resize.offset, at: now,
                size: ScreenSize(columns: resize.size.columns, rows: resize.size.rows))
        }
        let size = ScreenSize(columns: follower.size.columns, rows: follower.size.rows)
        if isSettled, place.marks.last?.offset != follower.offset {
            place.marks.append(
                TapMark(offset: follower.offset, at: Timestamp(milliseconds: clock - 1), size: size))
        }
        if isSettled || follower.offset > place.offset {
            place.marks.append(TapMark(offset: follower.offset, at: now, size: size))
        }
        let isDue = follower.offset - (place.keyframe.map { Int64($0.offset) } ?? 0) > 3000
        if follower.needsKeyframe || isDue, let state = try follower.keyframe() {
            place.keyframe = TapFollower.screen(of: StoredKeyframe(offset: follower.offset, state: state))
        }
        (place.offset, place.sizes) = (follower.offset, follower.sizesPosition)
        follower.written()
    }

    mutating func restart(echoes: [String] = []) throws {
        restarts += 1
        follower = try TapFollower(
            path: tap, kind: kind, size: TerminalSize(columns: 132, rows: 40), from: place, wantsLines: true,
            echoes: echoes)
    }
}

/// Writes what programs write, in pieces that end anywhere.
private final class TapWriter {
    enum Act { case bytes, settle, size, start }

    let tap: FilePath
    private var pending: [UInt8] = []

    init(tap: FilePath) { self.tap = tap }

    func act(_ step: Int, _ random: inout SeededGenerator) throws -> Act {
        switch Int.random(in: 0..<20, using: &random) {
        case 0, 1, 2, 3: return .settle
        case 4:
            // A hook may measure the tap late, and may repeat a size.
            let offset = max(0, (Files.size(tap) ?? 0) - Int64.random(in: 0...20, using: &random))
            let columns = [60, 80, 80, 100].randomElement(using: &random) ?? 80
            try Files.append("\(step)000 \(offset) \(columns) 24\n", to: SizeLog.path(of: tap))
            return .size
        case 5 where step % 3 == 0:
            try flush(pending.count)
            let offset = Files.size(tap) ?? 0
            try Files.append("\(step)000 \(offset) 80 24 start\n", to: SizeLog.path(of: tap))
            return .start
        default:
            pending += Array(Self.text(step, &random).utf8)
            try flush(Int.random(in: 1...max(1, pending.count), using: &random))
            return .bytes
        }
    }

    private func flush(_ count: Int) throws {
        let file = try FileDescriptor.open(
            tap, .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(pending.prefix(count)) }
        pending.removeFirst(min(count, pending.count))
    }

    private static func text(_ step: Int, _ random: inout SeededGenerator) -> String {
        let escape = "\u{1b}"
        switch Int.random(in: 0..<12, using: &random) {
        case 0: return "### SENTRY {\"type\":\"STATUS\",\"n\":\(step)}\r\n"
        case 1: return "### SENTRY {\"type\":\"STATUS\",\"n\":\(step)}"
        case 2: return "\r\n"
        case 3:
            return
                "● SENTRY {\"type\":\"STATUS\",\"summary\":\"\(String(repeating: "wide ", count: 20))\(step)\"}\r\n"
        case 4: return "\(escape)[\(step % 20 + 1);1H\(escape)[K"
        case 5: return "\(escape)[2J\(escape)[H"
        case 6: return "ein Wort über \(step) 界 \(escape)[1mfett\(escape)[0m"
        case 7: return "\(escape)]0;title \(step)\u{7}"
        case 8: return step % 2 == 0 ? "\(escape)[?1049h\(escape)[H" : "\(escape)[?1049l"
        case 9: return "$ make\r\nline \(step)\r\n"
        default: return "plain line \(step)\r\n"
        }
    }
}
