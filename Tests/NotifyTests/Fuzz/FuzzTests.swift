import Core
import Foundation
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Notify

/// Nothing that stands on the bus may crash a reader, keep it busy, or hide a whole line from it: anybody writes there.
@Suite(.timeLimit(.minutes(LongTests.choose(1, long: 30))))
struct FuzzTests {
    /// Lines that are hard by their make, and what once failed.
    static let corpus: [String] = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "corpus")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().map { folder.appendingPathComponent($0).path }
    }()

    @Test func theCorpusIsThere() { #expect(Self.corpus.count >= 4) }

    @Test(arguments: corpus)
    func everyFileOfTheCorpusIsReadToItsEnd(_ file: String) async throws {
        try await check([UInt8](try Data(contentsOf: URL(fileURLWithPath: file))))
    }

    @Test(arguments: 0..<LongTests.choose(4, long: 200))
    func randomBytes(_ seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let interesting = Array("{}[]\":,\\\n\n\r\0 \u{e9}\u{65e5}truenull0.-1e".utf8)
        for _ in 0..<8 {
            let bytes = (0..<Int.random(in: 0...2000, using: &random)).map { _ in
                Int.random(in: 0..<10, using: &random) == 0
                    ? UInt8.random(in: 0...255, using: &random)
                    : interesting.randomElement(using: &random) ?? 0
            }
            try await check(bytes)
        }
    }

    @Test(arguments: 0..<LongTests.choose(4, long: 200))
    func damagedLines(_ seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(100 + seed))
        let whole = """
            {"id":"a","ts":1767268800.5,"branch":"feature/a","text":"make test","enter":true,"sender":"ana"}
            {"id":"b","ts":1767268800,"session":"s","keys":["C-c","Up"],"meta":{"a":[1,{"b":null}]}}
            {"id":"c","title":"t","body":"b\\u00e9\\n","source":"x","meta":{"requires_attention":true}}
            {"branch":"x","action":"approve","command":"y","meta":{"approval":"ap-1"},"ts":1,"id":"d"}

            """
        for _ in 0..<8 {
            var bytes = Array(whole.utf8)
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                guard !bytes.isEmpty else { break }
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.removeSubrange(place..<min(bytes.count, place + 20))
                case 2: bytes.insert(contentsOf: bytes[place...].prefix(30), at: place)
                default: bytes.insert(UInt8(ascii: "\n"), at: place)
                }
            }
            try await check(bytes)
        }
    }

    @Test func linesOfAMegabyteAndDeepNestingEndSoon() async throws {
        let mega = String(repeating: "a", count: 1 << 20)
        let shapes = [
            "{\"text\":\"\(mega)\",\"branch\":\"x\"}\n", mega + "\n", mega,
            String(repeating: "\n", count: 100_000),
            String(repeating: "[", count: 500_000) + "\n",
            String(repeating: "{\"a\":", count: 100_000) + "\n",
            "{\"keys\":[" + String(repeating: "\"C-c\",", count: 50_000) + "\"x\"],\"branch\":\"b\"}\n",
        ]
        for shape in shapes { try await check(Array((shape + "{\"id\":\"last\"}\n").utf8)) }
    }

    /// Reads a file of these bytes, in one piece and in pieces, and lets everybody act on its lines.
    private func check(_ bytes: [UInt8]) async throws {
        try await withTemporaryFolder { folder in
            let bus = BusFolder(folder.appending("bus"))
            try bus.make()
            let file = bus.path.appending("commands.jsonl")
            try Files.append(bytes, to: file)
            let reader = BusReader(bus, .commands, name: "r")
            let lines = try readAll(reader)
            // As many lines as have an end and fit.
            let expected = bytes.split(
                separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
            ).dropLast().filter { !$0.isEmpty && $0.count < BusReader.mostBytes }.count
            #expect(lines.count == expected)
            // Each line begins where the one before it ended, or behind empty and too long ones.
            for (left, right) in zip(lines, lines.dropFirst()) { #expect(left.end <= right.start) }
            // Written in two pieces, the same lines come.
            let half = BusFolder(folder.appending("half"))
            try half.make()
            let halves = BusReader(half, .commands, name: "r")
            let cut = bytes.count / 2
            try Files.append(Array(bytes[..<cut]), to: half.path.appending("commands.jsonl"))
            let early = try readAll(halves)
            try Files.append(Array(bytes[cut...]), to: half.path.appending("commands.jsonl"))
            let late = try readAll(halves, from: early.last?.end)
            #expect((early + late).map(\.object) == lines.map(\.object))
            try await act(lines)
        }
    }

    private func readAll(_ reader: BusReader, from start: BusPosition? = nil) throws -> [BusLine] {
        var lines: [BusLine] = []
        var position = start ?? reader.beginning()
        while true {
            let batch = try reader.read(from: position)
            lines += batch.lines
            guard batch.end != position else { return lines }
            position = batch.end
        }
    }

    private func act(_ lines: [BusLine]) async throws {
        let fleet = try Store.inMemory().fleet(FleetID("fleet-shop"))
        try await fleet.register(FleetRegistration(id: fleet.fleet, name: "shop", path: "/r"), at: noon)
        let desk = BusDesk(store: fleet, fleetName: "shop", redaction: Redaction(["ana-secret"]))
        let rules = DeliveryRules(NotifySettings()) { _ in 0 }
        let intake = RelayIntake(store: fleet, rules: rules, unusable: [:], redaction: Redaction())
        for line in lines.prefix(12) {
            let deed = try await desk.takeCommand(line, at: noon)
            // The fleet has no agent: nothing can have been ordered.
            if case .ordered = deed { Issue.record("\(line)") }
            _ = try await desk.takeConfirmation(line, at: noon)
            _ = try await intake.take(line, at: noon)
        }
        #expect(try await fleet.claimOutbox(now: later(10)).isEmpty)
    }
}
