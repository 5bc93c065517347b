public import Core

/// What a policy would have done, beside what was done.
public struct BacktestReport: Sendable, Equatable {
    public enum Side: String, Sendable {
        case both
        /// Only the policy that was tried.
        case would
        /// Only what was really done.
        case did
    }

    /// A decision of one side, or of both.
    public struct Line: Sendable, Equatable {
        public var side: Side
        /// When the policy would have decided it, and when it was decided.
        public var wouldAt: Timestamp?
        public var didAt: Timestamp?
        public var pipeline: String
        public var stage: String?
        public var words: String
        /// More about it, such as why a stage failed; empty for none.
        public var detail: String

        public var at: Timestamp { wouldAt ?? didAt ?? Timestamp(milliseconds: 0) }
    }

    /// An agent, or the main checkout.
    public struct Part: Sendable, Equatable {
        public var subject: Subject
        public var branch: String?
        public var lines: [Line]
        /// What the replay could not know, in sentences without a full stop.
        public var notes: [String]
    }

    /// From and to which recorded fact; nil when there was none.
    public var from: Timestamp?
    public var to: Timestamp?
    public var parts: [Part]

    public func count(_ side: Side) -> Int { parts.reduce(0) { $0 + $1.lines.count { $0.side == side } } }
}

extension BacktestReport {
    /// Puts decisions beside each other, stage by stage in their order, then all by time.
    static func lines(would: [Decision], did: [Decision]) -> [Line] {
        var lines: [Line] = []
        let places = Set((would + did).map(\.place)).sorted()
        for place in places {
            lines += aligned(would.filter { $0.place == place }, did.filter { $0.place == place })
        }
        return lines.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }

    private static func aligned(_ would: [Decision], _ did: [Decision]) -> [Line] {
        let changes = would.map(\.deed.words).difference(from: did.map(\.deed.words))
        var (added, missed): (Set<Int>, Set<Int>) = ([], [])
        for change in changes {
            switch change {
            case .insert(let offset, _, _): added.insert(offset)
            case .remove(let offset, _, _): missed.insert(offset)
            }
        }
        let common = zip(
            would.indices.filter { !added.contains($0) }, did.indices.filter { !missed.contains($0) })
        var lines = common.map { line(.both, would: would[$0], did: did[$1]) }
        lines += added.sorted().map { line(.would, would: would[$0], did: nil) }
        lines += missed.sorted().map { line(.did, would: nil, did: did[$0]) }
        return lines
    }

    private static func line(_ side: Side, would: Decision?, did: Decision?) -> Line {
        let deed = (would ?? did)?.deed
        return Line(
            side: side, wouldAt: would?.deed.at, didAt: did?.deed.at, pipeline: deed?.pipeline ?? "",
            stage: deed?.stage, words: deed?.words ?? "", detail: (did ?? would)?.detail ?? "")
    }
}

/// A deed that is worth comparing.
struct Decision: Sendable {
    var deed: PolicyDeed
    var detail: String
    var place: String { "\(deed.pipeline)/\(deed.stage ?? "")" }

    /// Nil for what only leads up to something: waiting, and runs that go on.
    init?(_ deed: PolicyDeed, detail: String = "") {
        switch deed.kind {
        case .run("queued"), .run("running"), .ignored: return nil
        case .stage(.idle), .stage(.waitingTrigger), .stage(.waitingApproval): return nil
        case .run, .stage, .action, .asked, .escalated: break
        }
        self.deed = deed
        self.detail = detail
        if detail.isEmpty, case .stage(.failed) = deed.kind { self.detail = deed.why }
    }
}
