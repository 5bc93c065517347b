import Core
import Fleet
import GRDB
import Glibc
import Logging
import ProcessKit
import Synchronization
import SystemPackage
import TestSupport

@testable import Daemon
@testable import Store

/// A clock that a test sets.
final class TestClock: Sendable {
    private let shift = Atomic<Int64>(0)

    func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let real = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        return Timestamp(milliseconds: real + shift.load(ordering: .relaxed))
    }

    /// Sets the clock ahead, or back with a negative `seconds`.
    func jump(_ seconds: Int64) { shift.add(seconds * 1000, ordering: .relaxed) }
}

/// Runs `body` beside a daemon of this process, so that its clock and its connection to the database can be reached.
func withOwnDaemon<Result: Sendable>(
    _ fleet: FleetFixture, clock: TestClock = TestClock(), _ body: (FleetContext) async throws -> Result
) async throws -> Result {
    let surroundings = Surroundings(
        environment: fleet.environment, workingDirectory: fleet.repository, executable: FleetFixture.binary,
        processID: getpid(), user: "tester", now: { clock.now() },
        ids: IDMaker { UInt64.random(in: .min ... .max) })
    let context = try await FleetContext.open(surroundings, role: .daemon)
    let daemon = FleetDaemon(
        surroundings: surroundings, log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    async let _ = daemon.run(context)
    // The lock's file changes without a sign to us.
    let isReady = try await eventually(within: .seconds(20)) {
        try DaemonLock.troubles(of: getpid(), role: .watch, run: context.run) != nil
    }
    guard isReady else { throw FixtureError(text: "the daemon is not ready") }
    let result = try await body(context)
    // Leaving the scope cancels the daemon and waits for its end.
    return result
}

extension FleetContext {
    /// Sets something on the one connection through which the daemon writes.
    func pragma(_ text: String) async throws {
        try await store.store.writer.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA \(text)") }
    }

    var pages: Int {
        get async throws {
            try await store.store.writer.read { db in try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0 }
        }
    }
}

/// Runs `body` beside a `run` of this process, which has looked at every host, so that its clock can be set.
func withOwnRun<Result: Sendable>(
    _ panes: PaneRunFixture, clock: TestClock, _ body: () async throws -> Result
) async throws -> Result {
    let surroundings = Surroundings(
        environment: panes.environment, workingDirectory: panes.folder, executable: FleetFixture.binary,
        processID: getpid(), user: "tester", now: { clock.now() },
        ids: IDMaker { UInt64.random(in: .min ... .max) })
    let run = PaneRun(
        surroundings: surroundings,
        options: PaneRun.Options(configuration: "hosts.yaml", policy: "policy.yaml"),
        log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), tell: { _ in })
    async let _ = run.run()
    let folder = panes.home.appending("run")
    // The lock's file changes without a sign to us.
    let isReady = try await eventually(within: .seconds(20)) {
        Files.names(in: folder).contains { name in
            (text(of: folder.appending(name).appending("watch.lock")) ?? "").hasPrefix("\(getpid()) ready")
        }
    }
    guard isReady else { throw FixtureError(text: "the run is not ready") }
    // Leaving the scope cancels it and waits for its end.
    return try await body()
}
