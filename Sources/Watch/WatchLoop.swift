internal import Config
internal import Core
internal import Fleet
internal import Logging
internal import TerminalKit

/// What the watchers of agents and of panes do alike with the subjects that they hold.
protocol WatchLoop: TroubledLoop {
    var watches: [SubjectWatch] { get }
    var detection: DetectionCatalog { get }
    /// When the last turn began.
    var lastTurn: Timestamp { get set }
}

extension WatchLoop {
    /// The wall clock may be set back: what only this process waits for must not come as much later.
    ///
    /// True when it was.
    func noteClock() -> Bool {
        let now = now
        defer { lastTurn = now }
        guard now < lastTurn else { return false }
        log.warning("the clock was set back by \(lastTurn.distance(from: now).components.seconds) s")
        databaseTrouble?.since = now
        for watch in watches { watch.clockWasSetBack(to: now) }
        return true
    }

    /// Looks at one subject when that is due; a failure delays this one only.
    func visit(_ watch: SubjectWatch, called name: String, _ look: () async throws -> Void) async {
        guard databaseTrouble == nil, let deadline = watch.nextDeadline, deadline <= now else { return }
        do {
            try await look()
            watch.visited()
            worked(name)
        } catch {
            watch.failed(at: now)
            failed(name, error)
        }
    }

    /// What the screen shows, as the rules of the program read it; nil when the program has ended.
    func view(of watch: SubjectWatch) throws -> PaneView? {
        guard watch.end == nil, let screen = watch.follower?.reader.screen else { return nil }
        return try detection.judge(watch.kind).view(
            rows: screen.rows, title: screen.title, cursorRow: screen.cursor.row)
    }

    /// Takes up edited detection rules; while one of the files cannot be used, the last good ones stay in force.
    func reloadDetection() {
        do {
            let failures = try detection.reload()
            for failure in failures {
                log.error("detection rules: the last good ones stay in force: \(failure.message)")
            }
            if failures.isEmpty { log.info("detection rules: taken up") }
        } catch {
            failed("detection rules", error)
        }
        for watch in watches { watch.isUnjudged = true }
    }
}
