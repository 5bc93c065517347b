internal import Core
internal import ProcessKit
internal import Store
internal import SystemPackage

/// One step of the watcher, written: a tap position, a mark and a journal row in one transaction.
struct JournalBenchmark: Benchmark {
    static let name = "journal"

    func run(in workshop: Workshop) async throws -> [Row] {
        let now = workshop.surroundings.now()
        let folder = workshop.folder.appending("journal")
        try Files.makeFolder(folder)
        let id = FleetID("fleet-bench")
        let store = try Store.open(path: folder.appending("state.db"), role: .daemon, now: now).fleet(id)
        try await store.register(FleetRegistration(id: id, name: "bench", path: folder), at: now)
        let count = workshop.isQuick ? 200 : 2_000
        let size = ScreenSize(columns: 200, rows: 50)
        let pairs = try await Pairs.measure(count) { index in
            var step = WatchStep()
            step.tap = TapAdvance(from: Int64(index), to: Int64(index + 1), size: size)
            step.journal = [
                JournalDraft(
                    subject: .mainCheckout, kind: .marker, source: "screen",
                    payload: ["type": "STATUS", "stage": "build", "n": .integer(Int64(index))])
            ]
            let start = ContinuousClock.now
            try await store.commit(step, for: .mainCheckout, at: now)
            return start.duration(to: .now)
        } baseline: { index in
            let start = ContinuousClock.now
            try Files.append(
                "{\"type\":\"STATUS\",\"stage\":\"build\",\"n\":\(index)}\n", to: folder.appending("plain"))
            return start.duration(to: .now)
        }
        return [
            Row(
                "journal row and tap position in one transaction (\(count))", goal: "p99 below 5 ms",
                measured: "p50 \(pairs.ours.median.asTime), p99 \(pairs.ours.quantile(0.99).asTime)",
                baseline: "a line appended to a file \(pairs.baseline.median.asTime)",
                isMet: pairs.ours.quantile(0.99) < 0.005)
        ]
    }
}
