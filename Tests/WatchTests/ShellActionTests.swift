import Core
import Glibc
import ProcessKit
import SystemPackage
import TestSupport
import Testing

@testable import Watch

@Suite(.timeLimit(.minutes(1)))
struct ShellActionTests {
    private let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin"]

    private func runner(_ folder: FilePath, _ command: String, limit: Duration = .seconds(20))
        -> ShellActionRunner
    {
        ShellActionRunner(folder: folder, command: command, timeout: limit, environment: environment)
    }

    @Test func anActionLeavesItsStatusAndOutput() async throws {
        try await withTemporaryFolder { folder in
            let action = ShellActionFolder(path: folder)
            #expect(try action.fate() == .unclaimed)
            let ran = try await onThread { try runner(folder, "echo one; echo two >&2; exit 3").run() }
            #expect(ran)
            #expect(try action.fate() == .ended(.exited(3)))
            #expect(try action.outputTail() == "one\ntwo\n")
        }
    }

    @Test func aSignalIsNoExit() async throws {
        try await withTemporaryFolder { folder in
            _ = try await onThread { try runner(folder, "kill -TERM $$").run() }
            let fate = try ShellActionFolder(path: folder).fate()
            #expect(fate == .ended(.signaled(SIGTERM)))
        }
    }

    @Test func ofManyThatRaceOneRuns() async throws {
        try await withTemporaryFolder { folder in
            let counted = folder.appending("counted").string
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await onThread { try runner(folder, "echo ran >>\(counted)").run() } }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(winners == 1)
            #expect(text(of: FilePath(counted)) == "ran\n")
        }
    }

    @Test func anActionThatBeginsIsNeverTakenForLost() async throws {
        try await withTemporaryFolder { folder in
            for number in 0..<60 {
                let place = folder.appending("\(number)")
                try Files.makeFolder(place)
                async let isOurs = onThread { try runner(place, ":").run() }
                // Looks without a pause, for what is looked for lasts microseconds.
                let seen = try await onThread {
                    var seen = ShellActionFolder.Fate.unclaimed
                    while seen == .unclaimed || seen == .running {
                        seen = try ShellActionFolder(path: place).fate()
                    }
                    return seen
                }
                let ran = try await isOurs
                #expect(ran)
                #expect(seen == .ended(.exited(0)))
            }
        }
    }

    @Test func theTimeLimitEndsTheWholeGroup() async throws {
        try await withTemporaryFolder { folder in
            let pids = folder.appending("pids").string
            let script = "sleep 600 & echo $! >\(pids); echo $$ >>\(pids); wait"
            _ = try await onThread { try runner(folder, script, limit: .milliseconds(300)).run() }
            let fate = try ShellActionFolder(path: folder).fate()
            #expect(fate == .ended(.timedOut))
            let left = try #require(text(of: FilePath(pids))).split(separator: "\n").compactMap { Int32($0) }
            try #require(left.count == 2)
            // The kernel takes a moment to clear a killed group away, and tells nobody.
            let holds7 = try await eventually { left.allSatisfy { !isRunning($0) } }
            #expect(holds7)
        }
    }

    @Test func anActionIsEndedOnRequest() async throws {
        try await withTemporaryFolder { folder in
            let action = ShellActionFolder(path: folder)
            #expect(!action.stop(), "nobody listens yet")
            async let ran = onThread {
                try runner(folder, "echo begun; sleep 600", limit: .seconds(600)).run()
            }
            // The child tells nobody here when it listens.
            let isStopped = try await eventually(within: .seconds(20)) {
                try action.outputTail() == "begun\n" && action.stop()
            }
            #expect(isStopped)
            _ = try await ran
            #expect(try action.fate() == .ended(.signaled(SIGTERM)))
        }
    }

    @Test func outputIsBounded() async throws {
        try await withTemporaryFolder { folder in
            let script = "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo over"
            _ = try await onThread { try runner(folder, script).run() }
            let fate = try ShellActionFolder(path: folder).fate()
            #expect(fate == .ended(.exited(0)))
            let size = try #require(Files.size(ShellActionFolder(path: folder).output))
            #expect(size == Int64(ShellActionRunner.outputLimit))
        }
    }

    /// True while the process runs; a zombie that nobody waits for has ended.
    private func isRunning(_ pid: Int32) -> Bool {
        guard let stat = text(of: FilePath("/proc/\(pid)/stat")) else { return false }
        return !stat.contains(") Z ")
    }
}

/// Runs blocking work on a thread of its own.
private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await Worker().run(body)
}

private actor Worker {
    private let executor = BlockingExecutor(label: "test")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    func run<Value: Sendable>(_ body: @Sendable () throws -> Value) throws -> Value { try body() }
}
