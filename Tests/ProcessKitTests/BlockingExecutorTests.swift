import Glibc
import ProcessKit
import Testing

@Suite(.timeLimit(.minutes(1)))
struct BlockingExecutorTests {
    actor Blocker {
        private let executor = BlockingExecutor(label: "test")
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        /// Reads one byte from a pipe that nobody has written to yet.
        func read(from descriptor: Int32) -> UInt8 {
            var byte: UInt8 = 0
            return Glibc.read(descriptor, &byte, 1) == 1 ? byte : 0
        }
    }

    /// Far more blocked actors than the pool has threads; the task that frees them must still run.
    @Test func blockedActorsLeaveTheRestRunning() async throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        defer { [reading, writing].forEach { close($0) } }
        let bytes = await withTaskGroup(of: UInt8.self) { group in
            for _ in 0..<16 {
                group.addTask { await Blocker().read(from: reading) }
            }
            group.addTask {
                let sent = write(writing, [UInt8](repeating: 7, count: 16), 16)
                return sent == 16 ? 7 : 0
            }
            return await group.reduce(into: [UInt8]()) { $0.append($1) }
        }
        #expect(bytes == [UInt8](repeating: 7, count: 17))
    }
}
