internal import Core
internal import Fleet
internal import Logging
internal import ProcessKit
internal import Store
internal import SystemPackage
internal import TerminalKit

extension Watcher {
    /// Reads what is new in an agent's tap, and what a quiet screen says as a whole.
    func read(_ watch: AgentWatch) async throws {
        guard watch.hasMoreBytes || watch.isUnsettled else { return }
        if let follower = watch.follower, watch.hasMoreBytes, follower.isReplaced {
            // Its pipe writes to the file that was there before.
            nextSweep = .longAgo
            return try await resumeTap(watch)
        }
        guard var follower = try await follower(of: watch) else {
            watch.hasMoreBytes = false
            return
        }
        follower.reader.wantsLines = wantsLines(watch)
        if watch.hasMoreBytes {
            if let size = Files.size(follower.path), size < watch.progress.committed {
                return try await resumeTap(watch)
            }
            let readings = try await readMore(watch, &follower)
            watch.hasMoreBytes = follower.isBehind
            try await commit(readings, of: watch, &follower)
        }
        if watch.isUnsettled, !watch.hasMoreBytes, let last = watch.lastBytes,
            now >= last.advanced(by: AgentWatch.settlePause)
        {
            let readings = follower.settle()
            watch.isUnsettled = false
            try await commit(readings, of: watch, &follower, quietSince: last)
        }
        watch.follower = follower
        freeHead(of: watch)
    }

    /// Reads on for as long as others can wait, so that a flood needs few transactions; stops where the program was
    /// started anew, for a step belongs to one start.
    private func readMore(_ watch: AgentWatch, _ follower: inout TapFollower) async throws -> [Reading] {
        let begin = ContinuousClock.now
        var readings: [Reading] = []
        repeat {
            let bytes = try follower.nextBytes()
            if !bytes.isEmpty { watch.noteBytes(at: now) }
            readings += try follower.read(bytes, echoes: try await typedTexts(to: watch))
        } while follower.isBehind && follower.nextGeneration == follower.generation
            && begin.duration(to: .now) < Self.readingPatience
        return readings
    }

    /// About a third of the time in which a marker of another agent is to be answered.
    private static let readingPatience = Duration.milliseconds(20)

    /// What was typed into the pane since the last call: by the hands, and by commands.
    private func typedTexts(to watch: AgentWatch) async throws -> [String] {
        let typed = try await store.typedTexts(
            to: watch.agent.subject, after: watch.typedRead, limit: Self.rememberedTexts)
        watch.typedRead = typed.last
        return parts.echoes.take(for: watch.agent.subject) + typed.texts
    }

    /// Opens the tap at the stored position; nil while tmux has not made the file.
    private func follower(of watch: AgentWatch) async throws -> TapFollower? {
        if let follower = watch.follower { return follower }
        guard let tap = watch.agent.tap, Files.exists(tap) else { return nil }
        let (settings, subject) = (context.configuration.tmux, watch.agent.subject)
        try await resumeTap(watch)
        var place = try await TapFollower.Place.load(subject, upTo: watch.progress.committed, from: store)
        place.sizes = try await store.fileOffset(sizesReader(watch))
        watch.committedSizes = place.sizes
        if place.offset > 0 { place.generation = watch.committedGeneration }
        let typed = try await store.typedTexts(to: subject, limit: Self.rememberedTexts)
        var follower = try TapFollower(
            path: tap, kind: AgentKind(watch.agent.program.kind),
            size: TerminalSize(columns: settings.columns, rows: settings.rows), from: place,
            latest: watch.agent.generation, wantsLines: wantsLines(watch), echoes: typed.texts)
        watch.typedRead = typed.last
        if watch.isCut {
            // What comes does not go on with the piece of a line, or of a sequence, that stands at the cut: CAN ends it.
            if !follower.isBetweenLines { _ = follower.amend([0x18, 0x0d, 0x0a]) }
            watch.isCut = false
        }
        watch.follower = follower
        watch.progress.begin(at: place)
        // What stood on the screen when the last daemon ended may never have been settled.
        watch.isUnsettled = true
        watch.hasPrinted(at: min(now, Files.modifiedAt(tap) ?? now))
        return follower
    }

    private func wantsLines(_ watch: AgentWatch) -> Bool {
        context.configuration.watch.heuristics || watch.machine.policy.asksForLines
    }

    /// Whose echoes may still come after a restart.
    private static let rememberedTexts = 50

    func sizesReader(_ watch: AgentWatch) -> String { Self.sizesReader(of: watch.agent.id) }

    static func sizesReader(of agent: AgentID) -> String { "sizes/\(agent)" }

    /// Looks whether the tap is the one that was read, and goes on behind what is left of it, or begins anew.
    ///
    /// What was read counted; of a tap that was cut nothing is said again.
    func resumeTap(_ watch: AgentWatch) async throws {
        watch.hasMoreBytes = true
        guard watch.progress.committed > 0, let tap = watch.agent.tap else { return watch.follower = nil }
        let subject = watch.agent.subject
        let continuity = try TapContinuity.of(
            tap, committed: watch.progress.committed,
            print: try await store.tapPosition(of: subject)?.print)
        let offset: Int64
        switch continuity {
        case .whole: return watch.follower = nil
        case .cut(let end): offset = end
        case .another: offset = 0
        }
        let lost = max(0, watch.progress.committed - (Files.size(tap) ?? 0))
        let draft = JournalDraft(
            subject: subject, kind: .tapGap, source: "daemon",
            payload: ["missing_bytes": .integer(lost), "why": "the tap was cut, removed or replaced"])
        if offset == 0 { try await store.forgetTap(of: subject) }
        try await store.cutTap(of: subject, at: offset, noting: draft, at: now)
        (watch.follower, watch.progress) = (nil, TapProgress(committed: offset))
        if offset == 0 { watch.committedGeneration = nil }
        watch.isCut = offset > 0
        log.warning(
            "agent \(watch.agent.place.branch.visible): its tap was cut, removed or replaced; \(lost) bytes are missing"
        )
    }

    private func freeHead(of watch: AgentWatch) {
        guard let tap = watch.agent.tap else { return }
        do {
            try watch.progress.freeHead(of: tap, limit: Int64(context.configuration.watch.tapLimit))
        } catch {
            failed("tap of \(watch.agent.place.branch.visible)", error)
        }
    }
}
