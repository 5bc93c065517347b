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

/// `spawn` on a large tree: what counts is how the files come into the worktree.
struct CheckoutBenchmark: Benchmark {
    static let name = "checkout"

    func run(in workshop: Workshop) async throws -> [Row] {
        let disk = try await measure(workshop, "disk", in: workshop.folder)
        let memory = FilePath("/dev/shm/tmux-agent-bench-\(workshop.surroundings.processID)")
        try Files.makeFolder(memory)
        do {
            let rows = try await [
                row("on disk", disk, most: 0.8),
                row("in memory", measure(workshop, "memory", in: memory), most: 1.0),
            ]
            try await workshop.run("rm", ["-rf", memory.string])
            return rows
        } catch {
            try await workshop.run("rm", ["-rf", memory.string])
            throw error
        }
    }

    private func row(_ place: String, _ pairs: Pairs, most: Double) -> Row {
        Row(
            "`spawn` on 30,000 files \(place) (\(pairs.ours.count) pairs)",
            goal: "at most \(most) of the baseline",
            measured: "\(pairs.ours.median.asTime), ratio \(pairs.medianRatio.rounded(to: 2))",
            baseline: "`git worktree add` \(pairs.baseline.median.asTime)",
            isMet: pairs.medianRatio <= most)
    }

    private func measure(_ workshop: Workshop, _ name: String, in parent: FilePath) async throws -> Pairs {
        let files = workshop.isQuick ? 5_000 : 30_000
        return try await workshop.withFleet(
            "checkout-\(name)", files: files, command: "sleep 100000", in: parent
        ) { fleet in
            try await Pairs.measure(workshop.isQuick ? 3 : 15) { index in
                let time = try await fleet.time(["spawn", "ours/\(index)"])
                try await remove(fleet.root.appending(".tmuxagent/worktrees/ours-\(index)"), fleet)
                return time
            } baseline: { index in
                let folder = parent.appending("checkout-plain-\(index)")
                let time = try await workshop.time(
                    "git", ["worktree", "add", "-q", "-b", "plain/\(index)", folder.string], in: fleet.root)
                try await remove(folder, fleet)
                return time
            }
        }
    }

    /// Outside the measured time, and written out, so that no pair pays for the one before.
    private func remove(_ folder: FilePath, _ fleet: ScratchFleet) async throws {
        try await fleet.workshop.run("rm", ["-rf", folder.string])
        try await fleet.workshop.run("sync", [])
    }
}
