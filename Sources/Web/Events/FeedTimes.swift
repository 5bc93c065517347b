/// When the feed does what: a pure reckoning with times that are handed in.
struct FeedTimes {
    private let tick: Duration
    private var boardDue: ContinuousClock.Instant?
    private var restUntil: ContinuousClock.Instant?
    private var tapsDue: ContinuousClock.Instant?
    private var tickDue: ContinuousClock.Instant?
    /// Taps that grew since their readers were told.
    var taps: Set<String> = []

    init(tick: Duration) { self.tick = tick }

    /// The first change of several decides when the board is read.
    mutating func boardChanged(at now: ContinuousClock.Instant) {
        let soonest = now.advanced(by: BoardFeed.pause)
        boardDue = boardDue ?? restUntil.map { max($0, soonest) } ?? soonest
    }

    func isBoardDue(at now: ContinuousClock.Instant) -> Bool {
        [boardDue, tickDue].contains { $0.map { $0 <= now } ?? false }
    }

    func isTickDue(at now: ContinuousClock.Instant) -> Bool { tickDue.map { $0 <= now } ?? false }

    mutating func ticked(at now: ContinuousClock.Instant) { tickDue = now.advanced(by: tick) }

    mutating func boardRead(at now: ContinuousClock.Instant, after duration: Duration) {
        boardDue = nil
        restUntil = now.advanced(by: duration * BoardFeed.rest)
        ticked(at: now)
    }

    /// The taps whose readers are to be told now; nil: none.
    mutating func takeTaps(at now: ContinuousClock.Instant) -> Set<String>? {
        guard !taps.isEmpty else { return nil }
        let due = tapsDue ?? now
        guard due <= now else { return nil }
        tapsDue = now.advanced(by: BoardFeed.panePause)
        defer { taps = [] }
        return taps
    }

    /// How long nothing is to be done; nil: until something changes.
    func next(after now: ContinuousClock.Instant) -> Duration? {
        let dues = [boardDue, tickDue, taps.isEmpty ? nil : tapsDue].compactMap(\.self)
        return dues.min().map { max(.zero, $0 - now) }
    }
}
