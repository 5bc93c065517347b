internal import Core
internal import Notify
internal import ProcessKit
internal import SystemPackage

/// The local bus: four writers beside a reader that commits what it read, through rotations.
struct BusBenchmark: Benchmark {
    static let name = "bus"

    func run(in workshop: Workshop) async throws -> [Row] {
        let folder = workshop.folder.appending("bus")
        let bus = BusFolder(folder)
        try bus.make()
        let each = workshop.isQuick ? 2_500 : 50_000
        let writers = 4
        let total = each * writers
        let start = ContinuousClock.now
        let read = try await withThrowingTaskGroup(of: Int.self) { group in
            for writer in 0..<writers {
                group.addTask { try await Writing(bus).write(each, writer) }
            }
            group.addTask { try await Reading(bus).read(until: total) }
            return try await group.reduce(0, +)
        }
        let rate = Double(total) / start.duration(to: .now).inSeconds
        let plain = folder.appending("plain")
        let begin = ContinuousClock.now
        for number in 0..<each { try Files.append("{\"n\":\(number)}\n", to: plain) }
        let baseline = Double(each) / begin.duration(to: .now).inSeconds
        return [
            Row(
                "lines through the local bus, 4 writers and a reader (\(total))",
                goal: "10,000 lines/s, each once",
                measured: "\(Int(rate)) lines/s, \(read == total ? "each once" : "\(read) read")",
                baseline: "one writer appending, nobody reading: \(Int(baseline)) lines/s",
                isMet: rate >= 10_000 && read == total)
        ]
    }

    /// Appends a line a call, as channels do.
    private actor Writing {
        private let writer: BusWriter
        private let executor = BlockingExecutor(label: "bench.bus.write")
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

        init(_ bus: BusFolder) { writer = BusWriter(bus) }

        func write(_ count: Int, _ number: Int) throws -> Int {
            for line in 0..<count {
                try writer.append(
                    [
                        [
                            "id": .string("\(number)-\(line)"), "ts": 1_767_268_800.5, "title": "a title",
                            "body": "and a body of some words", "source": "bench",
                        ]
                    ], to: .notifications)
            }
            return 0
        }
    }

    /// Counts different ids; begins anew from its offset after each batch.
    private actor Reading {
        private let reader: BusReader
        private let executor = BlockingExecutor(label: "bench.bus.read")
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

        init(_ bus: BusFolder) { reader = BusReader(bus, .notifications, name: "bench") }

        func read(until total: Int) throws -> Int {
            var ids: Set<String> = []
            var count = 0
            try reader.commit(BusPosition(generation: 1, offset: 0))
            let deadline = ContinuousClock.now.advanced(by: .seconds(120))
            while count < total, ContinuousClock.now < deadline {
                guard let position = try reader.position() else { break }
                let batch = try reader.read(from: position)
                for line in batch.lines {
                    ids.insert(line.id)
                    count += 1
                }
                if batch.end != position { try reader.commit(batch.end) }
            }
            return ids.count == count ? count : ids.count
        }
    }
}
