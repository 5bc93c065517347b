internal import Core
internal import Logging
internal import Store

extension PaneWatcher {
    /// In one pass: every host answered or did not, what its panes show is taken up, and no action is left to do.
    func isDone() async throws -> Bool {
        guard mode == .once, isReady, databaseTrouble == nil else { return false }
        let now = now
        for watch in panes.values {
            if watch.isUnsettled || watch.hasMoreBytes || watch.debouncer.deadline != nil { return false }
            if watch.road == .captures, watch.capturedActivity == nil { return false }
            if watch.captureAsked != nil || watch.pausedUntil != nil || watch.goneAt != nil { return false }
        }
        guard !isDryRun else { return true }
        // What is to be done on a host that is away is done by a later pass.
        let isHere = { (item: OutboxItem) in
            guard case .pane(let pane) = item.subject else { return true }
            return self.unreachable[pane.host] == nil
        }
        // Of one moment: an action that begins between two looks would be in neither. What waits for a back-off is done by
        // a later pass.
        return try await store.openOutbox().allSatisfy { item in
            !isHere(item) || (item.state == .pending && item.dueAt > now)
        }
    }

    /// Waits for the pipes that are being made: one that came behind the end nobody would give back.
    private func awaitLending() async {
        let deadline = ContinuousClock.now.advanced(by: .seconds(5))
        while panes.values.contains(where: \.isLending), ContinuousClock.now < deadline {
            for observation in parts.observer.take() {
                await attempt("hosts", isWhole: false) { try await take(observation) }
            }
            // The bell has ended with the loop that it rang for.
            do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
        }
    }

    /// Gives every pipe back and reads what was still on its way.
    func finish() async {
        guard !isDryRun else { return }
        await awaitLending()
        for id in panes.keys.sorted(by: { $0.description < $1.description }) {
            guard let watch = panes[id], watch.road != .captures else { continue }
            do {
                try await finishLending(watch)
            } catch {
                log.error("\(watch.label): what it showed is unread: \(HostObserver.reason(error))")
            }
            do {
                let history = try await parts.observer.giveBack(id)
                watch.road = .pipe
                try await readRest(of: watch)
                // The next start knows by it which rows it has read.
                if let history, watch.goneAt == nil { try await note(history, of: watch) }
            } catch {
                log.error("\(watch.label): its pipe could not be given back: \(HostObserver.reason(error))")
            }
        }
    }
}
