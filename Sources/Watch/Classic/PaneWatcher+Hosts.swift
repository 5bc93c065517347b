internal import Core
internal import Fleet
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit
internal import TmuxKit

extension PaneWatcher {
    /// Takes up what ``HostObserver`` found out.
    func take(_ observation: HostObservation) async throws {
        switch observation {
        case .unreachable(let host, let reason):
            lookFailures[host, default: 0] += 1
            guard isGivenUp(host) else { return log.notice("host \(host.visible): asked again: \(reason)") }
            unreachable[host] = reason
            say("host \(host)", reason)
        case .look(let look):
            try keepFolders()
            (unreachable[look.host], lookFailures[look.host]) = (nil, nil)
            try await take(look)
            worked("host \(look.host)")
        case .capture(let id, let history):
            guard let watch = panes[id], watch.captureAsked != nil else { return }
            watch.captureAsked = nil
            guard watch.road == .captures else { return }
            try await unlessStale(watch) { try await take(history, into: watch) }
            if mayLend(watch) {
                let since = watch.progress.momentBehindMarks(now)
                watch.road = .lending(since: since)
                let note = LoanNote(since: since, offset: watch.progress.committed)
                parts.observer.request(.lend(id, limit: captureLimit(watch), note))
            }
        case .lent(let id, let history):
            guard let watch = panes[id], watch.isLending else { return }
            try await unlessStale(watch) { try await takeLoan(history, into: watch) }
        case .kept(let id, let loan):
            guard let watch = panes[id], watch.isLending else { return }
            try await unlessStale(watch) { try await takeUp(loan, into: watch) }
        case .returned(let id):
            guard let watch = panes[id], watch.isReturning else { return }
            (watch.road, watch.hasMoreBytes) = (.captures, true)
            parts.observer.request(.look)
        case .failed(let id):
            guard let watch = panes[id] else { return }
            watch.captureAsked = nil
            if watch.isLending { watch.road = .captures }
            // The next look finds again that it does not bring anything.
            if watch.isReturning { watch.road = .pipe }
        }
    }

    /// One pass does not end because a busy machine's own tmux was slow once; a remote host has its own patience.
    private func isGivenUp(_ host: String) -> Bool {
        let isLocal = hosts.hosts.first { $0.name == host }?.remote == nil
        return mode != .once || !isLocal || lookFailures[host, default: 0] >= Self.lookAttempts
    }

    /// What was read and could not be written is read again.
    private func unlessStale(_ watch: PaneWatch, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch {
            (watch.isStale, watch.capturedActivity) = (true, nil)
            if watch.isLending { watch.road = .captures }
            throw error
        }
    }

    private func take(_ look: HostLook) async throws {
        if !lookedAt.contains(look.host) { try await endOrphans(look) }
        lookedAt.insert(look.host)
        for pane in look.panes {
            var watch = panes[pane.id]
            if watch == nil { watch = try await add(pane) }
            guard let watch else { continue }
            try await take(pane, into: watch)
            chooseRoad(watch, pane)
            try await adoptSize(of: watch)
        }
        let accepted = Set(look.panes.map(\.id))
        for (id, watch) in panes where id.host == look.host && !accepted.contains(id) {
            if look.existing.contains(id) {
                letGo(watch)
            } else if watch.goneAt == nil {
                (watch.goneAt, watch.end, watch.isUnjudged) = (now, .init(state: .gone), true)
                watch.hasMoreBytes = true
            }
        }
    }

    private func add(_ pane: HostLook.Pane) async throws -> PaneWatch {
        let subject = Subject.pane(pane.id)
        let marks = try await store.tapMarks(of: subject)
        let facts = PaneWatch.facts(pane, state: .unknown, since: marks.first?.at ?? now)
        let machine = PolicyMachine(
            policy: policy.policy, facts: facts, runs: try await store.runs(of: subject), classic: true)
        let tap = hosts.tap(of: pane.id)
        let position = try await store.tapPosition(of: subject)
        let watch = PaneWatch(
            pane, kind: hosts.kind(runningIn: pane.snapshot), tap: tap, machine: machine,
            committed: position?.offset ?? 0)
        watch.sight = try await store.newestEntry(.paneSeen, of: subject).flatMap { PaneSight($0.payload) }
        panes[pane.id] = watch
        tapNames[tap.lastComponent?.string ?? ""] = pane.id
        log.info("watching \(watch.label)")
        try await note(PaneSight(pane.snapshot, kind: watch.kind), of: watch)
        // Pipelines that wait for nothing begin before anything that the pane shows is looked at.
        try await decide(.tick, for: watch)
        return watch
    }

    private func take(_ pane: HostLook.Pane, into watch: PaneWatch) async throws {
        watch.snapshot = pane.snapshot
        watch.kind = hosts.kind(runningIn: pane.snapshot)
        try await note(PaneSight(pane.snapshot, kind: watch.kind), of: watch)
        watch.activity = pane.activity
        watch.follower?.reader.kind = watch.kind
        let before = watch.end
        switch pane.snapshot.end {
        case nil: watch.end = nil
        case .exited(let status): watch.end = .init(state: .exited, exitStatus: status)
        case .signaled(let signal): watch.end = .init(state: .exited, exitStatus: 128 + signal)
        case .unknown: watch.end = .init(state: .exited)
        }
        if watch.end != before { watch.isUnjudged = true }
        let facts = PaneWatch.facts(
            pane, state: watch.machine.facts.state, since: watch.machine.facts.since)
        guard facts != watch.machine.facts else { return }
        // Titles that programs change many times matter only when something follows from them.
        var machine = watch.machine
        guard machine.receive(.factsChanged(facts), at: now, ids: ids).isEmpty else {
            return try await decide(.factsChanged(facts), for: watch)
        }
        watch.machine = machine
    }

    /// tmux calls a window by its program unless it is told otherwise, and programs come and go.
    private static let sightPause = Duration.seconds(10)

    private func note(_ sight: PaneSight, of watch: PaneWatch) async throws {
        guard sight != watch.sight, watch.sightNoted.map({ now >= $0.advanced(by: Self.sightPause) }) ?? true
        else { return }
        var step = WatchStep()
        step.journal = [
            JournalDraft(subject: watch.subject, kind: .paneSeen, source: "daemon", payload: sight.json)
        ]
        try await store.commit(step, for: watch.subject, at: now)
        (watch.sight, watch.sightNoted) = (sight, now)
    }

    private func chooseRoad(_ watch: PaneWatch, _ pane: HostLook.Pane) {
        switch watch.road {
        case .pipe where !pane.isTapped && !watch.isFreshlyPiped:
            watch.capturedActivity = nil
            guard !pane.snapshot.isDead, !isDryRun else {
                watch.road = .captures
                break
            }
            watch.road = .returning(since: now)
            if pane.snapshot.isPiped, !pane.isOrphaned {
                log.notice("\(watch.label): somebody else has its pipe now")
                parts.observer.request(.forgetTap(watch.id))
            } else {
                log.notice("\(watch.label): its pipe had died, or writes to a file that was removed")
                parts.observer.request(.giveBack(watch.id))
            }
        case .captures where pane.isOrphaned && !isDryRun:
            log.notice("\(watch.label): the pipe of a run before writes to a file that was removed")
            watch.road = .returning(since: now)
            parts.observer.request(.giveBack(watch.id))
        case .captures where pane.isTapped:
            // A run of before was killed; its pipe went on, and perhaps what was printed right before it is unread.
            watch.road = isDryRun ? .pipe : .lending(since: now)
            watch.hasMoreBytes = true
            if !isDryRun { parts.observer.request(.findLoan(watch.id, read: watch.progress.committed)) }
        case .lending(let since) where now >= since.advanced(by: .seconds(30)): watch.road = .captures
        case .returning(let since) where now >= since.advanced(by: .seconds(30)): watch.road = .captures
        case .pipe, .captures, .lending, .returning: break
        }
        guard watch.road == .captures else { return }
        if let asked = watch.captureAsked, now < asked.advanced(by: .seconds(30)) { return }
        let isNew = watch.capturedActivity != pane.activity
        guard isNew || watch.capturesOwed > 0 || mayLend(watch) else { return }
        watch.capturesOwed = isNew ? 2 : watch.capturesOwed - 1
        (watch.captureAsked, watch.capturedActivity) = (now, pane.activity)
        parts.observer.request(.capture(watch.id, limit: captureLimit(watch)))
    }

    private func mayLend(_ watch: PaneWatch) -> Bool {
        mode == .continuous && !isDryRun && !watch.snapshot.isPiped && !watch.snapshot.isDead
            && watch.goneAt == nil
    }

    private func captureLimit(_ watch: PaneWatch) -> Int {
        hosts.host(of: watch.id)?.configuration.captureLines ?? 2000
    }

    /// The filter does not accept the pane any more: it gets its pipe back, and its runs wait.
    private func letGo(_ watch: PaneWatch) {
        if watch.road == .pipe || watch.isLending, !isDryRun { parts.observer.request(.giveBack(watch.id)) }
        drop(watch)
        log.info("no longer watching \(watch.label): the filters do not accept it")
    }

    /// Writes down which panes are watched, for pages and commands beside this process.
    func tellPanes() {
        guard !isDryRun, !lookedAt.isEmpty || !unreachable.isEmpty else { return }
        let watched = panes.values.map { watch in
            WatchedPane(
                pane: watch.id, session: watch.snapshot.session.rawValue, window: watch.snapshot.windowName)
        }.sorted { $0.pane.description < $1.pane.description }
        guard watched != toldPanes else { return }
        do {
            try watched.write(run: hosts.run)
            toldPanes = watched
        } catch {
            // Pages show what they know; the next look tries again.
            log.debug("panes.json: \(error)")
        }
    }

    func drop(_ watch: PaneWatch) {
        panes[watch.id] = nil
        tapNames[watch.tap.lastComponent?.string ?? ""] = nil
        _ = parts.echoes.take(for: watch.subject)
    }

    /// Ends the runs of panes that went away, or whose server was started anew, while nobody watched.
    private func endOrphans(_ look: HostLook) async throws {
        var gone: Set<HostPane> = []
        for run in try await store.openRuns() {
            guard case .pane(let pane) = run.subject, pane.host == look.host,
                !look.existing.contains(pane), gone.insert(pane).inserted
            else { continue }
            let facts = SubjectFacts(subject: run.subject, host: pane.host, since: run.startedAt)
            let machine = PolicyMachine(
                policy: policy.policy, facts: facts, runs: try await store.runs(of: run.subject),
                classic: true)
            _ = try await commit(.subjectGone, machine, of: pane, place: "")
        }
        guard !isDryRun else { return }
        // What was read of a pane that is gone: its tap goes, too.
        for case .pane(let pane) in try await store.tapSubjects()
        where pane.host == look.host && !look.existing.contains(pane) {
            try await store.forgetTap(of: .pane(pane))
        }
        let living = Set(look.existing.map { hosts.tap(of: $0).lastComponent?.string ?? "" })
        let prefix = "\(TmuxFormat.name(look.host))."
        for name in Files.names(in: hosts.taps) where name.hasPrefix(prefix) && name.hasSuffix(".tap") {
            if !living.contains(name) { try removeTap(hosts.taps.appending(name), of: look.host) }
        }
    }

    func removeTap(_ tap: FilePath, of host: String) throws {
        parts.observer.request(.dropTap(host: host, tap))
        for suffix in ["", ".pipe", ".sizes"] { try Files.remove(FilePath(tap.string + suffix)) }
    }
}
