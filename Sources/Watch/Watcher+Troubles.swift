internal import Core
internal import Logging
internal import Store

extension Watcher {
    /// A failure in one part delays only that part, is said once, and is tried again after a second.
    func attempt(_ part: String, _ body: () async throws -> Void) async {
        guard databaseTrouble == nil else { return }
        do {
            try await body()
            worked(part)
        } catch {
            failed(part, error)
            isStale = true
            databaseChanged = true
            retryAt = now.advanced(by: .seconds(1))
        }
    }

    func worked(_ part: String) {
        guard troubles.ended(part) else { return }
        log.notice("\(part): works again")
        if isReady { parts.report(troubles.list) }
    }

    func failed(_ part: String, _ error: any Error) {
        if let error = error as? StoreError, error.isAboutTheFile {
            // All parts share the database: one message for all of them.
            if databaseTrouble == nil { databaseTrouble = (now, error) }
            return say("database", error)
        }
        say(part, error)
    }

    private func say(_ part: String, _ error: any Error) {
        say(part, (error as? any UserFacingError)?.message ?? "\(error)")
    }

    func say(_ part: String, _ reason: String) {
        guard troubles.began(part, reason) else { return }
        log.error("\(part): \(reason)")
        if isReady { parts.report(troubles.list) }
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
            guard waited < parts.databasePatience else {
                throw WatchError.databaseUnusable(reason: error.message, after: waited)
            }
            say("database", error)
            retryAt = now.advanced(by: .seconds(1))
            return false
        }
        databaseTrouble = nil
        worked("database")
        (isStale, databaseChanged, agentsChanged) = (true, true, true)
        for watch in agents.values {
            (watch.isStale, watch.pausedUntil, watch.hasMoreBytes) = (true, nil, true)
        }
        return true
    }
}

extension StoreError {
    /// The file cannot be used, whoever asks for what.
    var isAboutTheFile: Bool {
        switch self {
        case .corrupt, .readOnly, .full, .locked, .cannotOpen, .failed: true
        default: false
        }
    }
}
