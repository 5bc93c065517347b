internal import Core
internal import ProcessKit
internal import SystemPackage

/// `spawn` beside what it cannot do without: a worktree and a session.
struct SpawnBenchmark: Benchmark {
    static let name = "spawn"

    func run(in workshop: Workshop) async throws -> [Row] {
        try await workshop.withFleet("spawn", files: 2_000, command: "sleep 100000") { fleet in
            try await fleet.agent(["spawn", "warm/up"])
            let count = workshop.isQuick ? 3 : 15
            let pairs = try await Pairs.measure(count) { index in
                try await fleet.time(["spawn", "ours/\(index)"])
            } baseline: { index in
                let clock = ContinuousClock()
                let start = clock.now
                let folder = workshop.folder.appending("plain-\(index)").string
                try await workshop.run(
                    "git", ["worktree", "add", "-q", "-b", "plain/\(index)", folder], in: fleet.root)
                _ = try await fleet.tmux([
                    "new-session", "-d", "-s", "plain-\(index)", "-c", folder, "sleep 100000",
                ])
                return start.duration(to: clock.now)
            }
            let over = pairs.medianDifference
            return [
                Row(
                    "`spawn` on 2,000 files (\(count) pairs)",
                    goal: "at most 60 ms over the baseline",
                    measured: "\(pairs.ours.median.asTime), \(over.asTime) over",
                    baseline: "`git worktree add` + `tmux new-session` \(pairs.baseline.median.asTime)",
                    isMet: over <= 0.060)
            ]
        }
    }
}
