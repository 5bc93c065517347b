internal import Core

/// How long to wait before the next try: doubled each time up to a minute, with chance in it, so that many hosts that
/// were lost together do not come back together.
struct ReconnectPauses: Sendable {
    static let first = Duration.milliseconds(500)
    static let longest = Duration.seconds(60)
    /// A connection that stood for so long was a good one.
    static let goodAfter = Duration.seconds(10)

    private var step = Self.first

    /// `chance` is from 0 up to 1; the pause is between a half and the whole of the present step.
    mutating func next(chance: Double) -> Duration {
        defer { step = min(step * 2, Self.longest) }
        return step * (0.5 + min(max(chance, 0), 1) / 2)
    }

    /// `time` is how long it stood; nil for one that did not come about, however long that was tried.
    mutating func connectionEnded(after time: Duration?) {
        if let time, time >= Self.goodAfter { step = Self.first }
    }
}
