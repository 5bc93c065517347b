internal import Core
internal import Fleet

extension PaneWatcher: WatchLoop {
    var watches: [SubjectWatch] { Array(panes.values) }
    var detection: DetectionCatalog { hosts.detection }
    var databasePatience: Duration { parts.databasePatience }

    func report(_ troubles: [String]) { parts.report(troubles) }

    func takeUpEverything() {
        for watch in panes.values { watch.takeUp() }
    }
}
