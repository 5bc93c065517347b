import Core
import Fleet
import Glibc
import SystemPackage
import TestSupport

extension FleetFixture {
    /// The fleet as a process of this test sees it.
    func context() async throws -> FleetContext {
        try await FleetContext.open(
            Surroundings(
                environment: environment, workingDirectory: root, executable: try BuiltProgram.path(),
                processID: getpid(), user: "ada",
                now: {
                    var time = timespec()
                    clock_gettime(CLOCK_REALTIME, &time)
                    return Timestamp(
                        milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
                },
                ids: IDMaker { UInt64.random(in: .min ... .max) }))
    }
}
