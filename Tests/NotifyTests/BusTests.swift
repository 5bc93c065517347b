import Core
import Glibc
import ProcessKit
import Store
import SystemPackage
import TestSupport
import Testing

@testable import Notify

/// Many writers and readers, rotation, halves of lines: nothing is lost, and nothing comes twice.
@Suite(.timeLimit(.minutes(1)))
struct BusTests {
    private func numbers(_ lines: [BusLine]) -> [Int64] { lines.compactMap { $0.object?["n"]?.integer } }

    private func all(_ reader: BusReader, from start: BusPosition? = nil) throws -> (
        lines: [BusLine], end: BusPosition, skipped: Int
    ) {
        var lines: [BusLine] = []
        var position = start ?? reader.beginning()
        var skipped = 0
        while true {
            let batch = try reader.read(from: position)
            lines += batch.lines
            skipped += batch.skipped
            guard batch.end != position else { return (lines, position, skipped) }
            position = batch.end
        }
    }

    @Test func manyWritersAndReadersThroughManyRotations() async throws {
        try await withTemporaryFolder { folder in
            let bus = BusFolder(folder.appending("bus"))
            let (writers, each) = (4, Int64(100))
            let limits = BusWriter.Limits(bytes: 256, kept: 2, most: 1000)
            // Readers that are registered keep what they have not read, however much is rotated.
            for name in ["a", "b"] {
                try bus.make()
                try BusReader(bus, .commands, name: name).commit(BusPosition(generation: 1, offset: 0))
            }
            try await withThrowingTaskGroup(of: [Int64].self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        let own = BusWriter(bus, limits: limits)
                        for n in 0..<each {
                            try own.append([["n": .integer(Int64(writer) * each + n)]], to: .commands)
                        }
                        return []
                    }
                }
                for name in ["a", "b"] {
                    group.addTask {
                        // Begins anew after each batch, as a reader that is killed again and again.
                        var found: [Int64] = []
                        while found.count < Int(each) * writers {
                            let reader = BusReader(bus, .commands, name: name)
                            let position = try #require(try reader.position())
                            let batch = try reader.read(from: position)
                            #expect(!batch.isGap)
                            found += numbers(batch.lines)
                            if batch.end != position { try reader.commit(batch.end) }
                            // Nothing signals what other processes write.
                            if batch.lines.isEmpty {
                                _ = try await eventually(within: .milliseconds(2)) { false }
                            }
                        }
                        return found
                    }
                }
                for try await found in group where !found.isEmpty {
                    #expect(found.sorted() == Array(0..<Int64(writers) * each))
                    // The lines of one writer stay in their order.
                    for writer in 0..<Int64(writers) {
                        let own = found.filter { $0 / each == writer }
                        #expect(own == own.sorted())
                    }
                }
            }
            #expect(bus.liveGeneration(of: .commands) > 10, "it was rotated")
        }
    }

    @Test func halfALineIsReadWhenItIsWhole() throws {
        try withFolder { bus in
            let reader = BusReader(bus, .notifications, name: "r")
            let file = bus.path.appending("notifications.jsonl")
            try Files.append("{\"n\":1}\n{\"n\":", to: file)
            let first = try all(reader)
            #expect(numbers(first.lines) == [1])
            #expect(try all(reader, from: first.end).lines.isEmpty)
            try Files.append("2}\n", to: file)
            #expect(numbers(try all(reader, from: first.end).lines) == [2])
        }
    }

    @Test func whatAnotherLeftUnfinishedSpoilsNoLineOfOurs() throws {
        try withFolder { bus in
            try Files.append("{\"n\":1}\n{\"n\":2", to: bus.path.appending("commands.jsonl"))
            try BusWriter(bus).append([["n": 3], ["n": 4]], to: .commands)
            let found = try all(BusReader(bus, .commands, name: "r"))
            #expect(numbers(found.lines) == [1, 3, 4])
            #expect(found.lines.map { $0.object == nil } == [false, true, false, false])
        }
    }

    @Test func endOfARotatedFileWithoutNewlineIsSkipped() throws {
        try withFolder { bus in
            let writer = BusWriter(bus, limits: .init(bytes: 20))
            try Files.append("{\"n\":1,\"long\":true}\n{\"n\":2", to: bus.path.appending("commands.jsonl"))
            try writer.append([["n": 3]], to: .commands)
            let found = try all(BusReader(bus, .commands, name: "r"))
            #expect(numbers(found.lines) == [1, 3])
            #expect(found.skipped == 1)
            #expect(found.end.generation == 2)
        }
    }

    @Test func lineBeyondTheLimitIsSkippedAndTheNextIsRead() throws {
        try withFolder { bus in
            let file = bus.path.appending("commands.jsonl")
            try Files.append("{\"n\":1}\n", to: file)
            try Files.append(Array(repeating: UInt8(ascii: "x"), count: 3 << 20), to: file)
            let reader = BusReader(bus, .commands, name: "r")
            let first = try all(reader)
            #expect(numbers(first.lines) == [1])
            #expect(first.skipped == 0, "it is not whole yet")
            try Files.append("\n{\"n\":2}\n", to: file)
            let second = try all(reader, from: first.end)
            #expect(numbers(second.lines) == [2])
            #expect(second.skipped == 1)
        }
    }

    @Test func readersHaveOffsetsOfTheirOwn() throws {
        try withFolder { bus in
            try BusWriter(bus).append([["n": 1], ["n": 2]], to: .commands)
            let one = BusReader(bus, .commands, name: "../one/x")
            let two = BusReader(bus, .commands, name: "two")
            let found = try all(one)
            try one.commit(found.lines[0].end)
            #expect(try one.position() == found.lines[0].end)
            #expect(try two.position() == nil)
            #expect(numbers(try all(one, from: one.position()).lines) == [2])
            #expect(Files.names(in: bus.path) == ["commands.jsonl", "offsets"])
            #expect(Files.names(in: bus.path.appending("offsets")) == ["commands...%2Fone%2Fx"])
        }
    }

    @Test func readerThatIsFarBehindIsToldOfTheGap() throws {
        try withFolder { bus in
            let writer = BusWriter(bus, limits: .init(bytes: 10, kept: 1, most: 2))
            for n in 0..<10 { try writer.append([["n": .integer(Int64(n))]], to: .commands) }
            let reader = BusReader(bus, .commands, name: "r")
            let batch = try reader.read(from: BusPosition(generation: 1, offset: 0))
            #expect(batch.isGap)
            #expect(numbers(try all(reader, from: batch.end).lines).last == 9)
            // Everything removed by hand: what is there now is new.
            for name in Files.names(in: bus.path) where name.hasPrefix("commands") {
                try Files.remove(bus.path.appending(name))
            }
            try writer.append([["n": 77]], to: .commands)
            let after = try reader.read(from: BusPosition(generation: 9, offset: 4000))
            #expect(after.isGap)
            #expect(numbers(after.lines) == [77])
        }
    }

    @Test func aFileThatWasEmptiedOrRemovedIsReadFromItsBeginning() throws {
        try withFolder { bus in
            let file = bus.path.appending("commands.jsonl")
            let reader = BusReader(bus, .commands, name: "r")
            try Files.append("{\"n\":1}\n", to: file)
            let first = try all(reader)
            // As long as before, shorter and longer: at the old place there is the end of no line.
            var ids = first.lines.map(\.id)
            var end = first.end
            for text in ["{\"n\":2}", "{}", "{\"n\":33333333}"] {
                #expect(truncate(file.string, 0) == 0)
                let emptied = try reader.read(from: end)
                #expect(emptied.isCut && emptied.lines.isEmpty && emptied.end.offset == 0)
                try Files.append(text + "\n", to: file)
                let batch = try reader.read(from: emptied.end)
                ids += batch.lines.map(\.id)
                end = batch.end
            }
            #expect(Set(ids).count == 4, "\(ids)")
            try Files.remove(file)
            let removed = try reader.read(from: end)
            #expect(removed.isCut && removed.end.offset == 0)
            // Nobody looked between the removal and the next line, which is longer than all before it.
            try Files.append("{\"n\":4,\"long\":\"\(String(repeating: "x", count: 200))\"}\n", to: file)
            let unseen = try reader.read(from: end)
            #expect(unseen.isCut && !unseen.isGap)
            #expect(numbers(unseen.lines) == [4])
        }
    }

    @Test func linesSayWhoAndWhen() throws {
        try withFolder { bus in
            let texts = [
                "{\"id\":\"a\",\"ts\":1700000000.25}", "{\"id\":7,\"ts\":1700000000}", "{\"ts\":\"x\"}",
                "{\"ts\":-1}", "{\"ts\":1e300}", "[1]",
            ]
            try Files.append(texts.map { $0 + "\n" }.joined(), to: bus.path.appending("commands.jsonl"))
            let lines = try all(BusReader(bus, .commands, name: "r")).lines
            #expect(lines.map(\.id).prefix(2) == ["a", "7"])
            #expect(lines[2].id.hasPrefix("at-1-55-"))
            #expect(
                lines.map { $0.at?.milliseconds } == [
                    1_700_000_000_250, 1_700_000_000_000, nil, nil, nil, nil,
                ])
            #expect(lines.last?.object == nil)
        }
    }

    @Test func historyIsByTime() throws {
        try withFolder { bus in
            let writer = BusWriter(bus)
            try writer.append(
                [["n": 1, "ts": noon.busTime], ["n": 3, "ts": later(2).busTime], ["n": 4]], to: .commands)
            try writer.append([["n": 2, "ts": later(1).busTime]], to: .notifications)
            let history = BusHistory(bus)
            let entries = try history.entries(of: BusFile.allCases, since: nil)
            #expect(entries.map { $0.line.object?["n"]?.integer } == [1, 2, 3, 4])
            #expect(entries.map(\.file) == [.commands, .notifications, .commands, .commands])
            let late = try history.entries(of: BusFile.allCases, since: later(2))
            #expect(late.map { $0.line.object?["n"]?.integer } == [3, 4])
        }
    }

    @Test func writerThatIsStoppedIsNamedAndNotWaitedForForEver() throws {
        try withFolder { bus in
            try BusWriter(bus).append([["n": 1]], to: .commands)
            let path = bus.path.appending("commands.jsonl")
            let holder = try FileDescriptor.open(path, .readOnly)
            defer { try? holder.close() }
            #expect(flock(holder.rawValue, LOCK_EX) == 0)
            let writer = BusWriter(bus, limits: .init(patience: .milliseconds(20)))
            #expect(throws: BusError.locked(path)) { try writer.append([["n": 2]], to: .commands) }
        }
    }

    private func withFolder(_ body: (BusFolder) throws -> Void) throws {
        let folder = FilePath("/tmp/ta-\(getpid())-bus-\(UInt32.random(in: 0 ... .max))")
        try Files.makeFolder(folder)
        defer { removeAll(folder) }
        try body(BusFolder(folder))
    }

    private func removeAll(_ folder: FilePath) {
        for name in Files.names(in: folder) {
            let path = folder.appending(name)
            if Files.isFolder(path) { removeAll(path) } else { unlink(path.string) }
        }
        rmdir(folder.string)
    }
}
