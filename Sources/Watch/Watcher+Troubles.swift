internal import Core
internal import Fleet

extension Watcher: WatchLoop {
    var watches: [SubjectWatch] { Array(agents.values) }
    var detection: DetectionCatalog { context.detection }
    var databasePatience: Duration { parts.databasePatience }

    func report(_ troubles: [String]) { parts.report(troubles) }

    func takeUpEverything() {
        agentsChanged = true
        for watch in agents.values { watch.takeUp() }
    }
}
