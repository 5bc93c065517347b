internal import Core

extension PaneWatcher: TroubledLoop {
    var databasePatience: Duration { parts.databasePatience }

    func report(_ troubles: [String]) { parts.report(troubles) }

    func takeUpEverything() {
        for watch in panes.values {
            (watch.isStale, watch.pausedUntil, watch.hasMoreBytes) = (true, nil, true)
            // What was captured and not written is captured again.
            (watch.capturedActivity, watch.captureAsked) = (nil, nil)
        }
    }
}
