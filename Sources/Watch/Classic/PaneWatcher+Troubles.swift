internal import Core
internal import Logging
internal import Store

extension PaneWatcher {
    /// A failure in one part delays only that part, is said once, and is tried again after a second.
    func attempt(_ part: String, _ body: () async throws -> Void) async {
        guard databaseTrouble == nil else { return }
        do {
            try await body()
            if part != "hosts" { worked(part) }
        } catch {
            failed(part, error)
            (isStale, databaseChanged) = (true, true)
            retryAt = now.advanced(by: .seconds(1))
        }
    }

    func worked(_ part: String) {
        guard troubles.ended(part) else { return }
        log.notice("\(part.visible): works again")
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
        say(part, HostObserver.reason(error))
    }

    func say(_ part: String, _ reason: String) {
        guard troubles.began(part, reason) else { return }
        log.error("\(part.visible): \(reason)")
        if isReady { parts.report(troubles.list) }
    }

    /// False while the database refuses; throws when it has refused for too long.
    func isDatabaseUsable() async throws -> Bool {
        guard let trouble = databaseTrouble else { return true }
        do {
            // Only a real write tells: a full or read-only database can still be read.
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
        (isStale, databaseChanged) = (true, true)
        for watch in panes.values {
            (watch.isStale, watch.pausedUntil, watch.hasMoreBytes) = (true, nil, true)
            // What was captured and not written is captured again.
            (watch.capturedActivity, watch.captureAsked) = (nil, nil)
        }
        return true
    }
}
