internal import Core

extension Watcher: TroubledLoop {
    var databasePatience: Duration { parts.databasePatience }

    func report(_ troubles: [String]) { parts.report(troubles) }

    func takeUpEverything() {
        agentsChanged = true
        for watch in agents.values {
            (watch.isStale, watch.pausedUntil, watch.hasMoreBytes) = (true, nil, true)
        }
    }
}
