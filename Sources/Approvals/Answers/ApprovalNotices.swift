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

    /// The notice as it goes out; nil when nobody needs it any more.
    ///
    /// Notices about other things stay as they are.
    public func completed(_ notice: Notice, id: OutboxID, at now: Timestamp) async throws -> Notice? {
        guard let about = ApprovalNoticeID(id), let approval = try await store.approval(about.approval) else {
            return notice
        }
        var notice = notice
        if case .agent(let agent) = approval.subject, let agent = try await store.agent(agent) {
            notice.title += " on \(agent.place.branch.visible)"
        }
        guard about.occasion != .expired else { return notice }
        guard approval.state == .pending else { return nil }
        let channels = try await store.channels(of: approval.id)
        var lines = [notice.body]
        if let end = approval.expiresAt, let decided = approval.onExpire {
            lines.append("Without an answer it counts as \(decided.rawValue) at \(end.iso8601).")
        }
        if let pair = links?.pair(for: approval, channels: channels, at: now) {
            lines += ["Approve: \(pair.approve)", "Reject: \(pair.reject)"]
        }
        if channels.isEmpty || channels.contains("cli") {
            lines.append("tmux-agent approve \(approval.id)")
        } else {
            lines.append("Answered through: \(channels.joined(separator: ", "))")
        }
        notice.body = lines.joined(separator: "\n")
        return notice
    }
}
