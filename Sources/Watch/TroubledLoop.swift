internal import Core
internal import Logging
internal import Store

/// A watcher whose parts may fail by themselves, and all together when the database does.
protocol TroubledLoop: Actor {
    var store: FleetStore { get }
    var log: Logger { get }
    var now: Timestamp { get }
    /// Troubles are reported from then on; those of before with the readiness.
    var isReady: Bool { get }
    var troubles: Troubles { get set }
    /// Since when nothing can be written, and what the database says.
    var databaseTrouble: (since: Timestamp, error: StoreError)? { get set }
    var databasePatience: Duration { get }
    var retryAt: Timestamp? { get set }
    /// What is held in memory may not be what is stored.
    var isStale: Bool { get set }
    var databaseChanged: Bool { get set }

    func report(_ troubles: [String])
    /// The database works again: whatever was read or decided meanwhile was not written.
    func takeUpEverything()
}

extension TroubledLoop {
    /// A failure in one part delays only that part, is said once, and is tried again after a second.
    ///
    /// `isWhole`: that it works says that all of the part does.
    func attempt(_ part: String, isWhole: Bool = true, _ body: () async throws -> Void) async {
        guard databaseTrouble == nil else { return }
        do {
            try await body()
            if isWhole { worked(part) }
        } catch {
            failed(part, error)
            (isStale, databaseChanged) = (true, true)
            retryAt = now.advanced(by: .seconds(1))
        }
    }

    func worked(_ part: String) {
        guard troubles.ended(part) else { return }
        log.notice("\(part.visible): works again")
        if isReady { report(troubles.list) }
    }

    func failed(_ part: String, _ error: any Error) {
        if let error = error as? StoreError, error.isAboutTheFile {
            // All parts share the database: one message for all of them.
            if databaseTrouble == nil { databaseTrouble = (now, error) }
            return say("database", error.message)
        }
        say(part, (error as? any UserFacingError)?.message ?? "\(error)")
    }

    func say(_ part: String, _ reason: String) {
        guard troubles.began(part, reason) else { return }
        log.error("\(part.visible): \(reason)")
        if isReady { report(troubles.list) }
    }

    /// False while the database refuses; throws when it has refused for too long.
    ///
    /// A real write is the test, for a full or read-only database can still be read.
    func isDatabaseUsable() async throws -> Bool {
        guard let trouble = databaseTrouble else { return true }
        do {
            try await store.proveWritable(CounterIncrement("tmux_agent_database_troubles_total"))
        } catch {
            let waited = now.distance(from: trouble.since)
            if case .corrupt = error {
                throw WatchError.databaseUnusable(reason: error.message, after: .zero)
            }
            guard waited < databasePatience else {
                throw WatchError.databaseUnusable(reason: error.message, after: waited)
            }
            say("database", error.message)
            retryAt = now.advanced(by: .seconds(1))
            return false
        }
        databaseTrouble = nil
        worked("database")
        (isStale, databaseChanged) = (true, true)
        takeUpEverything()
        return true
    }
}

extension StoreError {
    /// The file cannot be used, whoever asks for what.
    fileprivate var isAboutTheFile: Bool {
        switch self {
        case .corrupt, .readOnly, .full, .locked, .cannotOpen, .failed: true
        default: false
        }
    }
}
