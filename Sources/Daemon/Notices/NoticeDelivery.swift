internal import Core
internal import Logging
internal import Notify
internal import Store

/// Takes what the policies say to people into the queue, where it survives whatever ends this process.
struct NoticeDelivery: Sendable {
    let store: FleetStore
    let parts: NoticeParts
    let now: @Sendable () -> Timestamp
    /// Wakes whoever empties the queue.
    let wake: @Sendable () -> Void
    let log: Logger

    /// Returns once it is written down; while the database takes nothing it is tried every second.
    func post(_ notice: Notice, for item: OutboxItem) async throws {
        var notice = notice
        notice.title = parts.redaction(notice.title)
        notice.body = parts.redaction(notice.body)
        var isSaid = false
        while true {
            do {
                let draft = NoticeDraft(notice, for: item.id, subject: item.subject)
                try await store.post(
                    draft, rules: parts.rules, unusable: parts.channels.unusable, at: now())
                return wake()
            } catch {
                if !isSaid { log.error("notice \(item.id): \(error.message)") }
                isSaid = true
                try await Task.sleep(for: .seconds(1))
            }
        }
    }
}
