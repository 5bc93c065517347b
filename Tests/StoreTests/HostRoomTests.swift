import Core
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(1)))
struct HostRoomTests {
    /// A step that begins the task `a`, decided when there was room.
    private func step() -> OrchestrationStep {
        var machine = OrchestratorMachine(settings: OrchestratorSettings(), salt: "shop")
        _ = machine.receive(.planned(tasks: [PlannedTask(branch: "a")]), at: noon)
        return OrchestrationStep(changes: machine.takeChanges())
    }

    @Test func aStepIsNotWrittenWhereOthersWereFaster() async throws {
        try await withFleet { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "a")])
            let full = HostRoom(most: 3, own: 1) { _ in 3 }
            #expect(try await fleet.commit(step(), for: .mainCheckout, at: noon, within: full) == 3)
            #expect(try await fleet.tasks().first?.standing == nil)
            let free = HostRoom(most: 3, own: 1) { _ in 2 }
            #expect(try await fleet.commit(step(), for: .mainCheckout, at: noon, within: free) == nil)
            #expect(try await fleet.tasks().first?.state == .starting)
        }
    }

    @Test func begunTasksOfOthersCountAndOnesOwnDoNot() async throws {
        try await withFleet { fleet in
            try await fleet.replaceFileTasks([PlannedTask(branch: "a")])
            try await fleet.commit(step(), for: .mainCheckout, at: noon)
            #expect(try await fleet.hostTenants().isEmpty)
            let other = FleetStore(store: fleet.store, fleet: FleetID("fleet-other"))
            #expect(try await other.hostTenants().map(\.branch) == ["a"])
            #expect(try await other.hostTenants().map(\.fleet) == [fleet.fleet])
        }
    }
}
