internal import Core
internal import Fleet
internal import Store

/// Orders for panes that `run` watches: it types them, as it types for policies, on whichever host they are.
struct PaneOrders: Sendable {
    let context: SiteContext
    /// How long an order waits for `run` to begin with it.
    var patience = Duration.seconds(10)
    /// And for its end: longer than a text waits behind somebody else's in the input box.
    private static let longest = Duration.seconds(65)

    /// Leaves the order to `run` and waits for how it ended.
    ///
    /// Throws ``WebError/notWatched(command:)`` when nobody would type it, and ``WebError/notTyped(pane:reason:)``. What
    /// `run` did not begin with in time is withdrawn: who ordered it thought of this moment.
    func take(_ order: RemoteOrder) async throws -> OrderResult {
        let watched = try pane(meantBy: order)
        if case .text(let text, _) = order.content, text.isEmpty { throw FleetError.emptyText }
        guard try context.isWatched() else { throw WebError.notWatched(command: context.watchCommand) }
        let key = order.key ?? context.surroundings.ids.make("o")
        let item = OutboxItem(
            id: OutboxID("order/\(context.store.fleet)/\(key)"), subject: .pane(watched.pane), run: nil,
            stage: nil, attempt: 1, action: order.action, createdAt: now, dueAt: now)
        var step = WatchStep()
        step.outbox = [item]
        step.journal = [order.draft(for: item.subject)]
        let isNew = try await context.store.commit(step, for: item.subject, at: now).first.map { $0 != nil }
        let receipt = try await end(of: item, watched)
        return OrderResult(
            id: BoardPane.id(of: watched.pane), name: watched.place, receipt: receipt,
            isRepeated: isNew == false)
    }

    private var now: Timestamp { context.surroundings.now() }

    private func pane(meantBy order: RemoteOrder) throws -> WatchedPane {
        let (panes, target) = (try context.watchedPanes(), order.target)
        let found =
            panes.first { BoardPane.isNamed(target, $0.pane) }.map { [$0] }
            ?? panes.filter { $0.isCalled(target) }
        guard let pane = found.first else {
            throw target.contains("%") ? WebError.noSuchPane(target) : WebError.foreignSession(target)
        }
        guard found.count == 1 else {
            throw WebError.unusableBody(
                reason: "'\(target.visible)' has \(found.count) panes: name one by 'host' and 'pane_id'")
        }
        for name in order.furtherNames where !pane.isCalled(name) {
            throw WebError.differentNames(target, name)
        }
        let id = BoardPane.id(of: pane.pane)
        if let expected = order.agent, expected != id {
            throw WebError.otherAgent(pane: target, expected: expected, found: id)
        }
        return pane
    }

    /// Asked again and again: another process ends it, and the database tells nobody of one row.
    private func end(of item: OutboxItem, _ watched: WatchedPane) async throws -> SendReceipt {
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            guard let action = try await action(item) else {
                throw WebError.notTyped(pane: watched.place, reason: "its record is gone")
            }
            let waited = start.duration(to: clock.now)
            switch action.item.state {
            case .done:
                return SendReceipt(stage: action.detail.flatMap(SendReceipt.Stage.init) ?? .submitted)
            case .failed, .uncertain:
                throw WebError.notTyped(pane: watched.place, reason: action.detail ?? "nobody knows why")
            case .cancelled:
                throw WebError.notTyped(pane: watched.place, reason: "'run' did not begin with it in time")
            case .pending where waited > patience:
                var step = WatchStep()
                step.cancelledOutbox = [item.id]
                try await context.store.commit(step, for: item.subject, at: now)
            case .attempting where waited > Self.longest:
                return SendReceipt(stage: .queued, detail: "the host has not told yet whether it is typed")
            case .pending, .attempting: break
            }
            try await Task.sleep(for: min(.milliseconds(20) + waited / 20, .milliseconds(500)))
        }
    }

    private func action(_ item: OutboxItem) async throws -> RecordedAction? {
        guard let known = try await context.store.outboxItem(item.id) else { return nil }
        return try await context.store.recordedActions(of: known.subject, since: known.createdAt)
            .first { $0.item.id == item.id }
    }
}

extension WatchedPane {
    fileprivate func isCalled(_ name: String) -> Bool {
        BoardPane.isNamed(name, pane) || session == name || "\(pane.host)~\(session)" == name
    }
}

extension RemoteOrder {
    fileprivate var action: Action {
        switch content {
        case .text(let text, let enter): .sendKeys(text: text, enter: enter)
        case .keys(let keys): .keys(keys)
        }
    }
}
