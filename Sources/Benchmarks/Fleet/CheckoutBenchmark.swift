internal import Core
internal import GitKit
internal import ProcessKit
internal import SystemPackage

/// A worktree with a large tree: what counts is how the files come into it.
///
/// Measured are the call that makes branch, worktree entry and tree, and `spawn`, which makes an agent of it, beside
/// `git worktree add`.
struct CheckoutBenchmark: Benchmark {
    static let name = "checkout"

    func run(in workshop: Workshop) async throws -> [Row] {
        let disk = try await measure(workshop, "disk", in: workshop.folder)
        let memory = FilePath("/dev/shm/tmux-agent-bench-\(workshop.surroundings.processID)")
        try Files.makeFolder(memory)
        do {
            let rows =
                try await disk.rows("on disk", most: 0.8)
                + measure(workshop, "memory", in: memory).rows("in memory", most: 1.0)
            try await workshop.run("rm", ["-rf", memory.string])
            return rows
        } catch {
            try await workshop.run("rm", ["-rf", memory.string])
            throw error
        }
    }

    private struct Times {
        var files: Int
        var checkouts: Pairs
        var spawns: Samples

        func rows(_ place: String, most: Double) -> [Row] {
            let git = "`git worktree add` \(checkouts.baseline.median.asTime)"
            let pairs = "(\(checkouts.ours.count) pairs)"
            return [
                Row(
                    "checking out \(files) files \(place) \(pairs)",
                    goal: "at most \(most) of the baseline",
                    measured:
                        "\(checkouts.ours.median.asTime), ratio \(checkouts.medianRatio.rounded(to: 2))",
                    baseline: git, isMet: checkouts.medianRatio <= most),
                Row(
                    "the same as a whole `spawn`", measured: spawns.median.asTime, baseline: git),
            ]
        }
    }

    private func measure(_ workshop: Workshop, _ name: String, in parent: FilePath) async throws -> Times {
        let files = workshop.isQuick ? 5_000 : 30_000
        return try await workshop.withFleet(
            "checkout-\(name)", files: files, command: "sleep 100000", in: parent
        ) { fleet in
            let repository = try await GitRepository.open(
                at: fleet.root, environment: workshop.surroundings.environment)
            var spawns = Samples()
            let checkouts = try await Pairs.measure(workshop.isQuick ? 3 : 15) { index in
                spawns.add(try await fleet.time(["spawn", "agent/\(index)"]))
                try await remove(fleet.root.appending(".tmuxagent/worktrees/agent-\(index)"), fleet)
                let clock = ContinuousClock()
                let start = clock.now
                let branch = try BranchName("ours/\(index)")
                let addition = try await repository.addWorktree(
                    WorktreeRequest(
                        branch: branch, folder: parent.appending("checkout-ours-\(index)"),
                        name: Slug(branch)))
                let time = start.duration(to: clock.now)
                try await remove(addition.folder, fleet)
                return time
            } baseline: { index in
                let folder = parent.appending("checkout-plain-\(index)")
                let time = try await workshop.time(
                    "git", ["worktree", "add", "-q", "-b", "plain/\(index)", folder.string], in: fleet.root)
                try await remove(folder, fleet)
                return time
            }
            return Times(files: files, checkouts: checkouts, spawns: spawns)
        }
    }

    /// Outside the measured time, and written out, so that no pair pays for the one before.
    private func remove(_ folder: FilePath, _ fleet: ScratchFleet) async throws {
        try await fleet.workshop.run("rm", ["-rf", folder.string])
        try await fleet.workshop.run("sync", [])
    }
}
