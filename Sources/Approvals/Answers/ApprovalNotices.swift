public import Core
public import Store

/// Completes what people are told of a question at the moment when they are told: how to answer, and nothing at all
/// once it is settled.
public struct ApprovalNotices: Sendable {
    private let store: FleetStore
    private let links: ApprovalLinks?

    /// Without `links` there is no address that a browser could open.
    public init(store: FleetStore, links: ApprovalLinks?) {
        self.store = store
        self.links = links
    }

    /// What a message about a question says besides its words.
    public struct Completion: Sendable, Equatable {
        /// ` on <branch>`, behind the title.
        public var place = ""
        /// What becomes of the question without an answer.
        public var deadline: String?
        public var links: ApprovalLinks.Pair?
        /// How else to answer.
        public var hints: [String] = []
    }

    /// What is known about the message of one row of the outbox.
    public enum Standing: Sendable, Equatable {
        /// It speaks of something else.
        case noQuestion
        /// Nobody needs it any more.
        case settled
        case question(Completion)
    }

    public func standing(of id: OutboxID, at now: Timestamp) async throws -> Standing {
        guard let about = ApprovalNoticeID(id), let approval = try await store.approval(about.approval) else {
            return .noQuestion
        }
        var completion = Completion()
        if case .agent(let agent) = approval.subject, let agent = try await store.agent(agent) {
            completion.place = " on \(agent.place.branch.visible)"
        }
        guard about.occasion != .expired else { return .question(completion) }
        guard approval.state == .pending else { return .settled }
        let channels = try await store.channels(of: approval.id)
        if let end = approval.expiresAt, let decided = approval.onExpire {
            completion.deadline = "Without an answer it counts as \(decided.rawValue) at \(end.iso8601)."
        }
        completion.links = links?.pair(for: approval, channels: channels, at: now)
        if channels.isEmpty || channels.contains("cli") {
            completion.hints.append("tmux-agent approve \(approval.id)")
        } else {
            completion.hints.append("Answered through: \(channels.joined(separator: ", "))")
        }
        return .question(completion)
    }

    /// The notice in words, as it goes out; nil when nobody needs it any more.
    ///
    /// Notices about other things stay as they are.
    public func completed(_ notice: Notice, id: OutboxID, at now: Timestamp) async throws -> Notice? {
        let completion: Completion
        switch try await standing(of: id, at: now) {
        case .noQuestion: return notice
        case .settled: return nil
        case .question(let found): completion = found
        }
        var notice = notice
        notice.title += completion.place
        var lines = [notice.body] + [completion.deadline].compactMap(\.self)
        if let pair = completion.links { lines += ["Approve: \(pair.approve)", "Reject: \(pair.reject)"] }
        notice.body = (lines + completion.hints).joined(separator: "\n")
        return notice
    }
}
