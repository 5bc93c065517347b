internal import Core

/// Tells one showing of a dialog from the next, so that each is decided on once.
///
/// A dialog counts when it has stood for a moment, and it is the same showing until it was away for a moment: programs
/// paint a standing dialog anew.
struct DialogSightings: Sendable {
    /// A dialog that stood, not yet decided on.
    struct Sighting: Sendable, Equatable {
        var dialog: DetectedDialog
        /// Where the tap stood when it was first seen.
        var offset: Int64
    }

    static let pause = Duration.milliseconds(150)
    static let absence = Duration.milliseconds(400)

    private struct Decided: Sendable {
        var isAnswered: Bool
        /// Since when it is not on the screen; nil while it is.
        var awaySince: Timestamp?
    }

    private var decided: [String: Decided] = [:]
    private var candidate: (identity: String, since: Timestamp, offset: Int64)?

    /// What the screen shows now; a dialog is returned until `decide` is told of it.
    mutating func observe(_ dialog: DetectedDialog?, tapOffset: Int64, at now: Timestamp) -> Sighting? {
        let identity = dialog?.identity
        for (key, entry) in decided where key != identity && entry.awaySince == nil {
            decided[key]?.awaySince = now
        }
        guard let dialog, let identity else {
            candidate = nil
            return nil
        }
        if let known = decided[identity] {
            if now < (known.awaySince ?? now).advanced(by: Self.absence) {
                decided[identity]?.awaySince = nil
                candidate = nil
                return nil
            }
            decided[identity] = nil
        }
        if candidate?.identity != identity { candidate = (identity, now, tapOffset) }
        guard let candidate, now >= candidate.since.advanced(by: Self.pause) else { return nil }
        return Sighting(dialog: dialog, offset: candidate.offset)
    }

    /// The showing was decided on and that is written down, now or by an earlier process.
    mutating func decide(_ identity: String, isAnswered: Bool) {
        decided[identity] = Decided(isAnswered: isAnswered)
        candidate = nil
    }

    /// What was left to a person may be decided anew: the policy is another.
    mutating func reconsider() { decided = decided.filter { $0.value.isAnswered } }

    /// What was waited for begins again.
    mutating func clockWasSetBack(to now: Timestamp) {
        if let since = candidate?.since { candidate?.since = min(since, now) }
        for (key, entry) in decided { decided[key]?.awaySince = entry.awaySince.map { min($0, now) } }
    }

    /// When a dialog that stands now will have stood long enough.
    var deadline: Timestamp? { candidate?.since.advanced(by: Self.pause) }
}
