internal import Core
internal import ProcessKit
internal import SystemPackage

/// What the daemon costs while nothing happens.
struct IdleBenchmark: Benchmark {
    static let name = "idle"

    func run(in workshop: Workshop) async throws -> [Row] {
        let agents = workshop.isQuick ? 20 : 100
        // A full screen and some scrollback, then silence.
        let command = "for i in $(seq 1 200); do printf '%0190d\\n' $i; done; exec sleep 100000"
        return try await workshop.withFleet("idle", command: command) { fleet in
            let empty = try await fleet.up()
            try await settle(empty, workshop)
            let base = try ProcessLoad(of: empty).residentMegabytes
            try await fleet.down()
            try await fleet.spawn(agents)
            let daemon = try await fleet.up()
            try await settle(daemon, workshop)
            let span = workshop.isQuick ? 10 : 60
            let before = try ProcessLoad(of: daemon)
            try await Task.sleep(for: .seconds(span))
            let after = try ProcessLoad(of: daemon)
            let share = (after.processorSeconds - before.processorSeconds) / Double(span) * 100
            let perAgent = (after.residentMegabytes - base) / Double(agents)
            let sweep = try await sweep(agents, fleet)
            return [
                Row(
                    "daemon, \(agents) quiet agents, processor over \(span) s",
                    goal: "at most 0.3 % of a core", measured: "\(share.rounded(to: 2)) %",
                    baseline: "looking once a second by `capture-pane`: \(sweep.asTime) of every second",
                    isMet: share <= 0.3),
                Row(
                    "daemon's memory without agents", goal: "at most 60 MB",
                    measured: "\(base.rounded(to: 1)) MB", isMet: base <= 60),
                Row(
                    "daemon's memory per agent at 200x50", goal: "at most 1 MB",
                    measured: "\(perAgent.rounded(to: 2)) MB", isMet: perAgent <= 1),
            ]
        }
    }

    /// Waits until the daemon has used no processor time for three seconds, for at most a minute.
    private func settle(_ pid: Int32, _ workshop: Workshop) async throws {
        var last = -1.0
        for _ in 0..<20 {
            let used = try ProcessLoad(of: pid).processorSeconds
            if used - last < 0.03 { return }
            last = used
            try await Task.sleep(for: .seconds(3))
        }
    }

    private func sweep(_ agents: Int, _ fleet: ScratchFleet) async throws -> Double {
        var samples = Samples()
        for _ in 0..<3 {
            let clock = ContinuousClock()
            let start = clock.now
            for index in 0..<agents {
                _ = try await fleet.tmux(["capture-pane", "-p", "-t", "=agent-agent-\(index):"])
            }
            samples.add(start.duration(to: clock.now))
        }
        return samples.median
    }
}
