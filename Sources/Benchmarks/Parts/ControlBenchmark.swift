internal import Core
internal import Fleet
internal import TmuxKit

/// A question to tmux over the control client beside one by a child process.
struct ControlBenchmark: Benchmark {
    static let name = "control"

    func run(in workshop: Workshop) async throws -> [Row] {
        try await workshop.withFleet("control", command: "sleep 100000") { fleet in
            try await fleet.agent(["spawn", "agent/0"])
            let context = try await fleet.context()
            let tmux = try context.tmux()
            let client = ControlClient(tmux)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await client.run { _ in } }
                try await workshop.wait(for: "the control client", every: .milliseconds(10)) {
                    client.isConnected
                }
                let (fast, slow) = (TmuxServer(tmux, control: client), TmuxServer(tmux))
                let pairs = try await Pairs.measure(workshop.isQuick ? 20 : 300) { _ in
                    try await ask(fast)
                } baseline: { _ in
                    try await ask(slow)
                }
                group.cancelAll()
                return [
                    Row(
                        "a question to tmux over the control client",
                        measured: "p50 \(pairs.ours.median.asTime), p99 \(pairs.ours.quantile(0.99).asTime)",
                        baseline: "a child process \(pairs.baseline.median.asTime)")
                ]
            }
        }
    }

    private func ask(_ server: TmuxServer) async throws -> Duration {
        let start = ContinuousClock.now
        _ = try await server.identity()
        return start.duration(to: .now)
    }
}
