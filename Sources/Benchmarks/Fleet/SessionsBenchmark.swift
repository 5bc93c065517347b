internal import Core
internal import Fleet
internal import ProcessKit
internal import Store
internal import SystemPackage

/// `sessions` on a large fleet, with and without a daemon, and how long the binary takes to start.
struct SessionsBenchmark: Benchmark {
    static let name = "sessions"

    func run(in workshop: Workshop) async throws -> [Row] {
        let agents = workshop.isQuick ? 20 : 100
        let count = workshop.isQuick ? 5 : 25
        return try await workshop.withFleet("sessions", command: "sleep 100000") { fleet in
            try await fleet.spawn(agents)
            _ = try await fleet.up()
            let context = try await fleet.context()
            try await workshop.wait(for: "the daemon's git facts") {
                try await context.store.gitFacts().count >= agents
            }
            let panes = ["-L", fleet.socket, "list-panes", "-a"]
            let watched = try await Pairs.measure(count) { _ in
                try await fleet.time(["sessions"])
            } baseline: { _ in
                try await workshop.time("tmux", panes)
            }
            try await fleet.down()
            let alone = try await Pairs.measure(workshop.isQuick ? 2 : 7) { _ in
                try await fleet.time(["sessions"])
            } baseline: { _ in
                try await statusOfEach(agents, fleet)
            }
            return [
                Row(
                    "`sessions`, \(agents) agents, with a daemon", goal: "at most 40 ms",
                    measured: watched.ours.median.asTime,
                    baseline: "`tmux list-panes -a` \(watched.baseline.median.asTime)",
                    isMet: watched.ours.median <= 0.040),
                Row(
                    "`sessions`, \(agents) agents, without", goal: "at most 400 ms",
                    measured: alone.ours.median.asTime,
                    baseline: "`git status` \(agents) times \(alone.baseline.median.asTime)",
                    isMet: alone.ours.median <= 0.400),
            ]
        }
    }

    private func statusOfEach(_ agents: Int, _ fleet: ScratchFleet) async throws -> Duration {
        let clock = ContinuousClock()
        let start = clock.now
        for index in 0..<agents {
            let worktree = fleet.root.appending(".tmuxagent/worktrees/agent-\(index)")
            try await fleet.workshop.run("git", ["status", "--porcelain"], in: worktree)
        }
        return start.duration(to: clock.now)
    }
}

/// How long the binary takes to say something at all.
struct StartBenchmark: Benchmark {
    static let name = "start"

    func run(in workshop: Workshop) async throws -> [Row] {
        let binary = workshop.binary.string
        let pairs = try await Pairs.measure(workshop.isQuick ? 10 : 60) { _ in
            try await workshop.time(binary, ["--help"])
        } baseline: { _ in
            try await workshop.time("git", ["--version"])
        }
        return [
            Row(
                "`tmux-agent --help`", goal: "at most 25 ms", measured: pairs.ours.median.asTime,
                baseline: "`git --version` \(pairs.baseline.median.asTime)",
                isMet: pairs.ours.median <= 0.025)
        ]
    }
}
