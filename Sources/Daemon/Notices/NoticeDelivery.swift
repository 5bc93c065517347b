internal import Approvals
internal import Core
internal import Fleet
internal import Logging
internal import Notify
internal import Store

/// Tells people; one message about a question that is settled meanwhile is not said any more.
struct NoticeDelivery: Sendable {
    private let notifier: Notifier
    private let notices: ApprovalNotices
    private let now: @Sendable () -> Timestamp
    private let log: Logger

    /// `publicURL`: what links begin with; nil: there are none.
    init(
        _ notifier: Notifier, store: FleetStore, secret: [UInt8], publicURL: String?,
        surroundings: Surroundings, log: Logger
    ) {
        if secret.count < 16 {
            log.warning("\(Secret.variable) has \(secret.count) bytes: who guesses it can answer approvals")
        }
        self.notifier = notifier
        let keys = ApprovalKeys(secret: secret)
        notices = ApprovalNotices(
            store: store, links: publicURL.map { ApprovalLinks(base: $0, keys: keys) })
        now = surroundings.now
        self.log = log
    }

    /// What went wrong, by channel.
    func deliver(_ notice: Notice, id: String) async -> [String: String] {
        var said: Notice? = notice
        do {
            said = try await notices.completed(notice, id: OutboxID(id), at: now())
        } catch {
            // Better said without links than not at all.
            log.warning("notice \(id): \(error)")
        }
        guard let said else { return [:] }
        return await notifier.deliver(said, id: id, at: now())
    }
}
