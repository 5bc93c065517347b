internal import ProcessKit
internal import SystemPackage

/// A commit with our git hooks beside one without.
struct HooksBenchmark: Benchmark {
    static let name = "hooks"

    func run(in workshop: Workshop) async throws -> [Row] {
        let plain = try await workshop.makeRepository("no-hooks", files: 10)
        return try await workshop.withFleet("hooks", command: "sleep 100000") { fleet in
            try await fleet.agent(["hooks", "install"])
            let commit = ["commit", "-q", "--allow-empty", "-m", "again"]
            let pairs = try await Pairs.measure(workshop.isQuick ? 5 : 60) { _ in
                try await workshop.time("git", commit, in: fleet.root)
            } baseline: { _ in
                try await workshop.time("git", commit, in: plain)
            }
            return [
                Row(
                    "`git commit` with our hooks", goal: "at most 5 ms more",
                    measured: "\(pairs.ours.median.asTime), \(pairs.medianDifference.asTime) more",
                    baseline: "without hooks \(pairs.baseline.median.asTime)",
                    isMet: pairs.medianDifference <= 0.005)
            ]
        }
    }
}
