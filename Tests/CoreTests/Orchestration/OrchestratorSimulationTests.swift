import Core
import Glibc
import TestSupport
import Testing

@Suite("Random plans under faults", .timeLimit(.minutes(10)))
struct OrchestratorSimulationTests {
    static let parts = 5

    /// 500 plans, with `LONG_TESTS=1` 10,000; `ORCHESTRATOR_SEED=n` runs one.
    @Test(
        "Dependencies, limits, questions and alarms hold, and every plan comes to an end",
        arguments: 0..<parts)
    func invariants(part: Int) {
        let size = LongTests.choose(100, long: 2000)
        var seeds = (part * size)..<(part * size + size)
        if let text = getenv("ORCHESTRATOR_SEED"), let seed = Int(String(cString: text)) {
            seeds = part == 0 ? seed..<seed + 1 : 0..<0
        }
        var (runs, kills, alarms, answers) = (0, 0, 0, 0)
        var ends: Set<TaskStanding.State> = []
        for seed in seeds {
            var world = OrchestratorWorld(seed: UInt64(seed))
            world.run()
            #expect(
                world.problems == [],
                "again with: ORCHESTRATOR_SEED=\(seed) swift test --filter OrchestratorSimulationTests")
            (runs, kills) = (runs + world.runs.count, kills + world.kills)
            (alarms, answers) = (alarms + world.alarms, answers + world.answers.count)
            ends.formUnion(world.machine.standings.values.map(\.state))
        }
        guard seeds.count >= 100 else { return }
        // A world in which nothing happens would prove nothing.
        #expect(runs > 100 && kills > 100 && alarms > 50 && answers > 20, "\((runs, kills, alarms, answers))")
        #expect(ends.isSuperset(of: [.done, .failed]))
    }
}
