internal import Core
internal import Fleet
internal import ProcessKit
internal import ServiceLifecycle
internal import Store
internal import SystemPackage

/// What a follower of the board is given.
struct FollowerTicket: Sendable {
    var id: Int
    /// Rings whenever there may be something new, and as a sign of life.
    var rings: AsyncStream<Void>
    /// For ending the rings from outside.
    var bell: AsyncStream<Void>.Continuation
}

/// Keeps one picture of the fleet for everybody who follows it, and tells them when it has changed.
///
/// The board is read when the database changes, not for each client, and only while somebody follows. Each change has a
/// number; a follower asks for what is newer than the last number it got, so one that falls behind gets the newest
/// text of every part at once, and nothing is kept for it.
actor BoardFeed {
    private let context: SiteContext
    private let reader: BoardReader
    private let renderer: PageRenderer
    private let limits: WebLimits
    private let events: FileEvents

    private var editions: [PageLanguage: BoardEdition] = [:]
    /// Grows with each change; begins with the time, so that a number of a former process is an old one.
    private var number: Int64
    private var followers: [Int: Follower] = [:]
    private var lastFollower = 0
    private var watchesTaps = false

    private struct Follower {
        var language: PageLanguage
        /// The names of the taps that it looks at.
        var taps: Set<String>
        var bell: AsyncStream<Void>.Continuation
    }

    /// Several writes are one change.
    static let pause = Duration.milliseconds(50)
    /// How often a pane that prints without end is looked at.
    static let panePause = Duration.milliseconds(80)
    /// Reading takes at most a quarter of the time.
    static let rest = 3

    init(context: SiteContext, renderer: PageRenderer, limits: WebLimits) throws {
        self.context = context
        self.renderer = renderer
        self.limits = limits
        reader = BoardReader(context: context)
        events = FileEvents()
        number = context.surroundings.now().milliseconds
    }

    var followerCount: Int { followers.count }

    /// The fleet now.
    func current() async throws -> Board { try await reader.read() }

    /// Rows of the journal that fit, in a page's language.
    nonisolated func find(_ question: JournalQuestion, _ language: PageLanguage) async throws -> JournalFind {
        try await reader.find(question, JournalWords(words: renderer.words(language)))
    }

    /// Throws ``WebError/tooManyClients(limit:)`` when no more followers are let in.
    func requireRoom() throws(WebError) {
        guard followers.count < limits.eventClients else {
            throw .tooManyClients(limit: limits.eventClients)
        }
    }

    /// Takes a follower in; ``leave(_:)`` lets it go.
    ///
    /// The stream holds one ring: more would say nothing more.
    func follow(_ language: PageLanguage, taps: Set<String>) -> FollowerTicket {
        let (rings, bell) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        lastFollower += 1
        followers[lastFollower] = Follower(language: language, taps: taps, bell: bell)
        if !taps.isEmpty, !watchesTaps {
            // Without the folder nothing was printed yet; the tick sees it later.
            watchesTaps = context.taps.map { (try? events.watch($0)) != nil } ?? false
        }
        // What is there already is told at once.
        bell.yield()
        events.wake()
        return FollowerTicket(id: lastFollower, rings: rings, bell: bell)
    }

    func leave(_ id: Int) {
        followers.removeValue(forKey: id)?.bell.finish()
        editions = editions.filter { language, _ in followers.values.contains { $0.language == language } }
    }

    /// The parts of a page that are newer than `last`; nil when there are none yet.
    func news(_ language: PageLanguage, after last: Int64?) -> (number: Int64, text: String)? {
        editions[language]?.event(after: last)
    }

    /// Ends every follower's stream.
    func finish() {
        for follower in followers.values { follower.bell.finish() }
        followers = [:]
    }

    /// Watches the database until it is cancelled or the server ends.
    func run() async throws {
        let folder = context.store.store.path.removingLastComponent()
        let log = context.store.store.changes.log.lastComponent?.string
        try events.watch(folder)
        var times = FeedTimes(tick: limits.heartbeat)
        for await _ in events.wakes.cancelOnGracefulShutdown() {
            let changes = events.takeChanges()
            let now = ContinuousClock.now
            guard !followers.isEmpty else {
                // Nobody looks: whoever comes rings, and gets a new picture.
                times = FeedTimes(tick: limits.heartbeat)
                events.setAlarm(after: nil)
                continue
            }
            if changes.contains(where: { $0.folder == folder && $0.name == log }) || !hasEditions {
                times.boardChanged(at: now)
            }
            times.taps.formUnion(changes.filter { $0.folder == context.taps }.compactMap(\.name))
            if times.isBoardDue(at: now) {
                let start = ContinuousClock.now
                await refresh()
                times.boardRead(at: .now, after: .now - start)
            } else if times.isTickDue(at: now) {
                ring { _ in true }
                times.ticked(at: now)
            }
            if let taps = times.takeTaps(at: now) {
                ring { follower in !follower.taps.isDisjoint(with: taps) }
            }
            events.setAlarm(after: times.next(after: .now))
        }
        finish()
    }

    private var hasEditions: Bool { followers.values.allSatisfy { editions[$0.language] != nil } }

    private func ring(_ isMeant: (Follower) -> Bool) {
        for follower in followers.values where isMeant(follower) { follower.bell.yield() }
    }

    /// Reads the board and rings for those whose page it changes, and for all of them when the tick is due.
    private func refresh() async {
        do {
            let board = try await reader.read()
            number += 1
            for language in Set(followers.values.map(\.language)) {
                var edition = editions[language] ?? BoardEdition()
                edition.take(renderer.parts(of: board, language), number: number)
                editions[language] = edition
            }
        } catch {
            // The page keeps what it shows; whatever is wrong is in the daemon's log and its troubles.
        }
        ring { _ in true }
    }
}
