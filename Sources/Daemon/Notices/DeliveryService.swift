internal import Core
internal import Fleet
internal import Logging
internal import Notify
internal import ProcessKit
internal import ServiceLifecycle
internal import Store
internal import Synchronization
internal import SystemPackage

/// Empties the queue of messages; of several processes the one that has the role `deliver`.
struct DeliveryService: Service {
    let courier: Courier
    let store: FleetStore
    /// For the role's lock and the file by which commands wake it.
    let run: FilePath
    let bell: FileEvents
    let processID: Int32
    /// Whether everything that may go is tried once more before the end.
    var drains = false
    let log: Logger
    private let troubles = ChannelTroubles()

    init(
        courier: Courier, store: FleetStore, run: FilePath, bell: FileEvents, processID: Int32,
        drains: Bool = false, log: Logger
    ) {
        self.courier = courier
        self.store = store
        self.run = run
        self.bell = bell
        self.processID = processID
        self.drains = drains
        self.log = log
    }

    /// Commands touch it when they changed the queue.
    static func wakeFile(_ run: FilePath) -> FilePath { run.appending("deliver.wake") }

    func run() async throws {
        try Files.makeFolder(run, mode: 0o700)
        try bell.watch(run)
        bell.wake()
        var lock: FileLock?
        defer { withExtendedLifetime(lock) {} }
        try await withThrowingDiscardingTaskGroup { group in
            for await _ in bell.wakes.cancelOnGracefulShutdown() {
                _ = bell.takeChanges()
                do {
                    if lock == nil {
                        lock = try takeRole()
                        guard lock != nil else { continue }
                        try await store.recoverDeliveries()
                    }
                    for delivery in try await courier.claim() {
                        group.addTask { await deliver(delivery) }
                    }
                    bell.setAlarm(after: try await courier.pause())
                    if troubles.ended("queue") { log.notice("notify: works again") }
                } catch {
                    // The group ends: SQLite says that it was interrupted.
                    guard !Task.isCancelled else { break }
                    let reason = (error as? any UserFacingError)?.message ?? "\(error)"
                    if troubles.began("queue", reason) { log.error("notify: \(reason)") }
                    bell.setAlarm(after: .seconds(1))
                }
            }
            if drains, lock != nil { await drain() } else { group.cancelAll() }
        }
    }

    /// Nil while another process has the role.
    private func takeRole() throws -> FileLock? {
        if let lock = try DaemonLock.take(role: .deliver, run: run, processID: processID) {
            if troubles.ended("role") { log.notice("notify: this process delivers now") }
            return lock
        }
        let holder = try DaemonLock.holder(role: .deliver, run: run) ?? 0
        if troubles.began("role", "") {
            log.notice("notify: another process delivers (pid \(holder)); this one waits for its end")
        }
        bell.setAlarm(after: .seconds(2))
        return nil
    }

    /// One try for each message that may go, the channels side by side.
    private func drain() async {
        // A database that fails now has failed before, and that was said.
        while let claimed = try? await courier.claim(), !claimed.isEmpty {
            await withDiscardingTaskGroup { group in
                for delivery in claimed { group.addTask { await deliver(delivery) } }
            }
        }
    }

    private func deliver(_ delivery: Delivery) async {
        defer { bell.wake() }
        do {
            if let failure = try await courier.deliver(delivery) {
                guard !Task.isCancelled else { return }
                if troubles.began(delivery.channel, failure.reason) {
                    let end = failure.isFinal ? " (given up: see 'tmux-agent notify dead')" : ""
                    log.warning("notify \(delivery.channel): \(failure.reason)\(end)")
                }
            } else if troubles.ended(delivery.channel) {
                log.notice("notify \(delivery.channel): works again")
            }
        } catch {
            let reason = (error as? any UserFacingError)?.message ?? "\(error)"
            if troubles.began("queue", reason) { log.error("notify: \(reason)") }
        }
    }
}

extension DeliveryService: CustomStringConvertible {
    /// Logs name services by it; what is in them, secrets above all, is nobody's business.
    var description: String { "DeliveryService" }
}

/// What does not work at the moment, so that it is said once.
private final class ChannelTroubles: Sendable {
    private let reasons = Mutex<[String: String]>([:])

    /// True when this is news.
    func began(_ part: String, _ reason: String) -> Bool {
        reasons.withLock { $0.updateValue(reason, forKey: part) != reason }
    }

    /// True when it had not worked before.
    func ended(_ part: String) -> Bool { reasons.withLock { $0.removeValue(forKey: part) != nil } }
}
