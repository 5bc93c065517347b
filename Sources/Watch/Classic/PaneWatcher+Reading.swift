internal import Core
internal import Fleet
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit
internal import TmuxKit

extension PaneWatcher {
    /// Looks at one pane: its new bytes, its state, its deadlines.
    func visit(_ id: HostPane) async {
        guard let watch = panes[id] else { return }
        await visit(watch, called: id.description) {
            if watch.isStale { try await reload(watch) }
            try await read(watch)
            try await leaveString(of: watch)
            try await judge(watch)
            try await tick(watch)
            try await takeLeave(of: watch)
        }
    }

    /// What was read or decided but not written is read and decided again.
    private func reload(_ watch: PaneWatch) async throws {
        let runs = try await store.runs(of: watch.subject)
        watch.progress = TapProgress(committed: try await store.tapPosition(of: watch.subject)?.offset ?? 0)
        watch.machine = PolicyMachine(
            policy: policy.policy, facts: watch.machine.facts, runs: runs, classic: true)
        watch.follower = nil
        (watch.hasMoreBytes, watch.isStale) = (true, false)
    }

    /// Reads a piece of what is new in a pane's tap, and what a quiet screen says as a whole.
    private func read(_ watch: PaneWatch) async throws {
        guard watch.hasMoreBytes || watch.isUnsettled, !watch.isLending else { return }
        var follower = try await follower(of: watch)
        var readings: [Reading] = []
        var quietSince: Timestamp?
        if watch.hasMoreBytes, Files.exists(watch.tap) {
            let before = follower.offset
            let (echoes, subject) = (parts.echoes, watch.subject)
            readings = try follower.read(follower.nextBytes(), echoes: echoes.take(for: subject))
            watch.hasMoreBytes = follower.isBehind
            if follower.offset > before {
                watch.noteBytes(at: now)
                if watch.road == .pipe { watch.historySize = nil }
            }
        } else {
            watch.hasMoreBytes = false
        }
        if watch.isUnsettled, !watch.hasMoreBytes, let last = watch.lastBytes,
            now >= last.advanced(by: AgentWatch.settlePause)
        {
            readings += follower.settle()
            (watch.isUnsettled, quietSince) = (false, last)
        }
        try await commit(readings, of: watch, &follower, quietSince: quietSince)
        watch.follower = follower
        freeHead(of: watch)
    }

    /// What a program began and did not end would hide all that follows.
    private func leaveString(of watch: PaneWatch) async throws {
        guard let due = watch.stringDeadline, due <= now, var follower = watch.follower else { return }
        follower.leaveString()
        try await commit([], of: watch, &follower)
        (watch.follower, watch.isUnsettled) = (follower, true)
    }

    /// The tap from where the database stands; when somebody cut it, from its new beginning.
    func follower(of watch: PaneWatch) async throws -> TapFollower {
        let size = Files.size(watch.tap) ?? 0
        if let follower = watch.follower, !follower.isReplaced, size >= follower.offset || isDryRun {
            return follower
        }
        if size < watch.progress.committed, !isDryRun {
            try await forgetTap(of: watch, missing: watch.progress.committed - size)
        }
        let place = try await TapFollower.Place.load(
            watch.subject, upTo: watch.progress.committed, from: store)
        let snapshot = watch.snapshot
        var follower = try TapFollower(
            path: watch.tap, kind: watch.kind,
            size: TerminalSize(columns: snapshot.columns, rows: snapshot.rows), from: place, wantsLines: true,
            echoes: try await store.typedTexts(to: watch.subject, limit: 50).texts)
        follower.reader.kind = watch.kind
        watch.historySize = try HistoryNote.read(atEndOf: watch.tap)
        watch.progress.begin(at: place)
        if watch.isSilent, let shown = watch.lastShown {
            _ = follower.amend(shown)
            watch.isSilent = false
        }
        watch.follower = follower
        watch.isUnsettled = true
        watch.hasPrinted(at: min(now, Files.modifiedAt(watch.tap) ?? now))
        return follower
    }

    /// The tap begins anew, and what the pane showed was said before, by this process or by one before it.
    private func forgetTap(of watch: PaneWatch, missing: Int64) async throws {
        var shown = watch.known
        if shown == nil,
            let stored = try await store.keyframe(of: watch.subject, upTo: watch.progress.committed)
        {
            shown = TapFollower.screen(of: stored).map {
                KnownScreen(PaneReader(keyframe: $0).screen, historySize: nil)
            }
        }
        try await store.forgetTap(of: watch.subject)
        try await noteGap(watch, "the tap was cut, removed or replaced", ["missing_bytes": .integer(missing)])
        watch.lastShown = shown.map { ScreenCatchUp.bytes(of: $0) }
        (watch.follower, watch.progress) = (nil, TapProgress())
        watch.isSilent = true
    }

    private func noteGap(_ watch: PaneWatch, _ why: String, _ more: JSONObject = [:]) async throws {
        var payload: JSONObject = more
        payload["why"] = .string(why)
        var step = WatchStep()
        step.journal = [
            JournalDraft(
                subject: watch.subject, kind: .tapGap, source: "daemon", payload: payload,
                tapOffset: Files.size(watch.tap))
        ]
        try await store.commit(step, for: watch.subject, at: now)
        log.warning("\(watch.label): \(why)")
    }

    /// Brings the tap to what a capture shows: as bytes at its end, or in a dry run only in mind.
    func take(_ history: PaneHistory, into watch: PaneWatch) async throws {
        if !isDryRun, !Files.exists(watch.tap) { try Files.append("", to: watch.tap) }
        watch.hasMoreBytes = true
        while watch.hasMoreBytes { try await read(watch) }
        try await adopt(history, watch)
        for _ in 0..<2 {
            guard let known = watch.known else { return }
            var catchUp = ScreenCatchUp(from: known, to: history)
            if catchUp.hasGap { try await noteGap(watch, "more was printed than the history holds") }
            guard !catchUp.bytes.isEmpty else { break }
            if var follower = watch.follower, isDryRun {
                try await commit(follower.amend(catchUp.bytes), of: watch, &follower)
                watch.follower = follower
                watch.noteBytes(at: now)
            } else {
                if watch.follower?.reader.screen.isAtGround == false {
                    // A pipe ended in the middle of a sequence.
                    catchUp.bytes = Array("\u{1b}\\".utf8) + catchUp.bytes
                }
                try Files.append(catchUp.bytes, to: watch.tap)
                watch.hasMoreBytes = true
                while watch.hasMoreBytes { try await read(watch) }
            }
            if !catchUp.needsAnother { break }
        }
        watch.historySize = history.historySize
    }

    func adopt(_ history: PaneHistory, _ watch: PaneWatch) async throws {
        let size = TerminalSize(columns: history.pane.columns, rows: history.pane.rows)
        guard var follower = watch.follower, follower.adopt(size) else { return }
        try await commit([], of: watch, &follower)
        watch.follower = follower
        watch.isUnjudged = true
    }

    /// A pane of another size than was read: the next bytes are for that.
    func adoptSize(of watch: PaneWatch) async throws {
        let size = TerminalSize(columns: watch.snapshot.columns, rows: watch.snapshot.rows)
        guard watch.road == .pipe, !watch.hasMoreBytes, var follower = watch.follower, !follower.isBehind,
            follower.reader.screen.isAtGround, follower.adopt(size)
        else { return }
        try await commit([], of: watch, &follower)
        watch.follower = follower
        watch.isUnjudged = true
    }

    /// Reads a tap whose pipe has ended to its end.
    func readRest(of watch: PaneWatch) async throws {
        watch.hasMoreBytes = true
        while watch.hasMoreBytes { try await read(watch) }
    }

    /// Writes down at the tap's end how much tmux had above the screen there.
    func note(_ history: PaneHistory, of watch: PaneWatch) async throws {
        guard watch.follower?.reader.screen.isAtGround == true else { return }
        try Files.append(HistoryNote.bytes(history.historySize), to: watch.tap)
        try await readRest(of: watch)
    }

    private func freeHead(of watch: PaneWatch) {
        guard !isDryRun else { return }
        do {
            try watch.progress.freeHead(of: watch.tap, limit: Self.tapLimit)
        } catch {
            failed(watch.tap.string, error)
        }
    }

    /// A pane that is gone has its last words, its state, and then its runs end.
    private func takeLeave(of watch: PaneWatch) async throws {
        guard let goneAt = watch.goneAt, now >= goneAt.advanced(by: PaneWatch.lastWords),
            !watch.hasMoreBytes, !watch.isUnsettled
        else { return }
        try await decide(.subjectGone, for: watch)
        drop(watch)
        log.info("\(watch.label) is gone")
        guard !isDryRun else { return }
        try await store.forgetTap(of: watch.subject)
        try removeTap(watch.tap, of: watch.id.host)
    }
}
