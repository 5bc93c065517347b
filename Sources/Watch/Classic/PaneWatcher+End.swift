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
            if watch.isReturning { return false }
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

    /// For so long a host may be silent when its pipes are given back.
    private static let lastPatience = Duration.seconds(5)

    /// Gives every pipe back and reads what was still on its way; a host that does not answer holds up no other.
    func finish() async {
        guard !isDryRun else { return }
        await withDiscardingTaskGroup { group in
            for host in hosts.hosts { group.addTask { await self.finish(host.name) } }
        }
    }

    private func finish(_ host: String) async {
        await awaitRoads(of: host)
        let left = panes.values.filter { $0.id.host == host && ($0.road == .pipe || $0.isLending) }
            .sorted { $0.id.description < $1.id.description }
        for (index, watch) in left.enumerated() {
            do {
                try await finish(watch)
            } catch HostError.notReachable(_, let reason) {
                for watch in left[index...] {
                    log.error("\(watch.label): its pipe could not be given back: \(reason)")
                }
                return
            } catch {
                log.error("\(watch.label): its pipe could not be given back: \(HostObserver.reason(error))")
            }
        }
    }

    /// Waits for the pipes that are being made or ended: one that came behind the end nobody would give back.
    private func awaitRoads(of host: String) async {
        let deadline = ContinuousClock.now.advanced(by: Self.lastPatience)
        while panes.values.contains(where: { $0.id.host == host && ($0.isLending || $0.isReturning) }),
            ContinuousClock.now < deadline
        {
            for observation in parts.observer.take() {
                await attempt("hosts", isWhole: false) { try await take(observation) }
            }
            // The bell has ended with the loop that it rang for.
            do { try await Task.sleep(for: .milliseconds(5)) } catch { return }
        }
    }

    private func finish(_ watch: PaneWatch) async throws {
        let (observer, id, host) = (parts.observer, watch.id, watch.id.host)
        do {
            try await finishLending(watch)
        } catch let error as HostError {
            throw error
        } catch {
            log.error("\(watch.label): what it showed is unread: \(HostObserver.reason(error))")
        }
        let history = try await answer(of: host) { try await observer.giveBack(id) }
        watch.road = .pipe
        try await readRest(of: watch)
        // The next start knows by it which rows it has read.
        if let history, watch.goneAt == nil { try await note(history, of: watch) }
    }

    /// Before a pipe is given back that was made a moment ago.
    private func finishLending(_ watch: PaneWatch) async throws {
        guard watch.isLending else { return }
        let (observer, id, host, read) = (
            parts.observer, watch.id, watch.id.host, watch.progress.committed
        )
        let kept = try await answer(of: host) { try await observer.keptLoan(of: id, read: read) }
        try await takeUp(kept, into: watch)
        try await answer(of: host) { try await observer.settleLoan(of: id) }
    }

    /// What a host answers, or ``HostError`` when it is silent for too long.
    private func answer<Value: Sendable>(
        of host: String, to question: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await question() }
            group.addTask {
                try await Task.sleep(for: Self.lastPatience)
                return nil
            }
            defer { group.cancelAll() }
            if let answer = try await group.next() ?? nil { return answer }
            throw HostError.notReachable(
                host: host, reason: "its host did not answer for \(Self.lastPatience.components.seconds) s")
        }
    }
}
